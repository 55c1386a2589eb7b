namespace Edge.LayerProbe.Forbidden;

/// <summary>LiteDB is at home in Edge.Storage.</summary>
public static class LiteDbOutsideStorage
{
    /// <summary>Must not compile.</summary>
    public static System.Type Seen => typeof(LiteDB.LiteDatabase);
}
