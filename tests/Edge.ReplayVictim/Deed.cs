using System.Globalization;

namespace Edge.ReplayVictim;

/// <summary>One thing that is done to a <see cref="BoundedStore"/>. The same deeds in the same order leave the same store, however often its process is killed between them.</summary>
/// <param name="Verb"><c>offer</c>, <c>settle</c>, <c>trim</c>, <c>copy</c> or <c>forget</c>.</param>
/// <param name="First">The first window that is offered.</param>
/// <param name="Count">Windows that are offered.</param>
/// <param name="Class">The class that is forgotten.</param>
internal sealed record Deed(string Verb, ulong First = 0, int Count = 0, string Class = "")
{
    /// <summary>Whether it may be done again after a crash, and must be to be done for certain; the others are done as a whole or not at all.</summary>
    public bool IsRepeated => Verb is "trim" or "forget";

    /// <inheritdoc/>
    public override string ToString() => Verb switch
    {
        "offer" => string.Create(CultureInfo.InvariantCulture, $"offer {First} {Count}"),
        "forget" => $"forget {Class}",
        _ => Verb,
    };

    /// <summary>Reads what <see cref="ToString"/> gives.</summary>
    public static Deed Parse(string text) => text.Split(' ') switch
    {
        ["offer", var first, var count] => new Deed("offer", ulong.Parse(first, CultureInfo.InvariantCulture), int.Parse(count, CultureInfo.InvariantCulture)),
        ["forget", var name] => new Deed("forget", Class: name),
        [var verb] => new Deed(verb),
        _ => throw new InvalidDataException($"'{text}' is no deed"),
    };
}
