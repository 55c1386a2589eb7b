using System.Globalization;

namespace Edge.Storage;

/// <summary>What a field of a text file holds.</summary>
internal enum NumeralKind
{
    /// <summary>A finite number.</summary>
    Number,

    /// <summary><c>?</c> or <c>NaN</c>.</summary>
    Missing,

    /// <summary>Anything else, infinities and what float32 cannot hold included.</summary>
    Neither,
}

/// <summary>Reads numbers as all the text formats write them.</summary>
internal static class Numeral
{
    /// <summary>Reads a field without blanks around it; a missing value is NaN.</summary>
    public static NumeralKind Read(ReadOnlySpan<byte> field, out float value)
    {
        value = float.NaN;
        if (field.SequenceEqual("?"u8) || Ascii(field, "nan"u8)) return NumeralKind.Missing;
        if (!float.TryParse(field, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out value)) return NumeralKind.Neither;
        return float.IsFinite(value) ? NumeralKind.Number : NumeralKind.Neither;
    }

    /// <summary>One name for one class however its number is written: 1, 01, 1.0 and +1 are "1"; what is no whole number stays as it is.</summary>
    public static string Canonical(string label) =>
        double.TryParse(label, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsInteger(number) && Math.Abs(number) < 1L << 53
            ? ((long)number).ToString(CultureInfo.InvariantCulture) : label;

    private static bool Ascii(ReadOnlySpan<byte> field, ReadOnlySpan<byte> lower)
    {
        if (field.Length != lower.Length) return false;
        for (int i = 0; i < field.Length; i++)
        {
            if ((field[i] | 0x20) != lower[i]) return false;
        }

        return true;
    }
}
