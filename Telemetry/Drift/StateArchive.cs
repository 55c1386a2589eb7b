using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Edge.Storage;

namespace Edge.Telemetry.Drift;

/// <summary>
/// State of a detector as bytes. One method of the detector, which names its fields once, both writes and reads. Layout, little-endian: "EDRF", version (1 byte, now 1), length of the name (1 byte), name in ASCII,
/// length of the fields (4 bytes), fields, CRC-32C of all before (4 bytes).
/// </summary>
internal sealed class StateArchive
{
    private const uint Magic = 0x46524445; // "EDRF"
    private const byte Version = 1;
    private readonly MemoryStream? _output;
    private readonly byte[] _input;
    private int _place;

    private StateArchive(MemoryStream? output, byte[] input) => (_output, _input) = (output, input);

    /// <summary>Writes a detector's fields.</summary>
    public static byte[] Write(string name, Action<StateArchive> exchange)
    {
        using MemoryStream fields = new();
        exchange(new StateArchive(fields, []));
        byte[] ascii = Encoding.ASCII.GetBytes(name);
        byte[] state = new byte[6 + ascii.Length + 4 + (int)fields.Length + 4];
        BinaryPrimitives.WriteUInt32LittleEndian(state, Magic);
        (state[4], state[5]) = (Version, (byte)ascii.Length);
        ascii.CopyTo(state, 6);
        BinaryPrimitives.WriteInt32LittleEndian(state.AsSpan(6 + ascii.Length), (int)fields.Length);
        fields.GetBuffer().AsSpan(0, (int)fields.Length).CopyTo(state.AsSpan(10 + ascii.Length));
        BinaryPrimitives.WriteUInt32LittleEndian(state.AsSpan(state.Length - 4), Crc32C.Of(state.AsSpan(0, state.Length - 4)));
        return state;
    }

    /// <summary>Reads a detector's fields; false with the reason when the bytes are not such a state.</summary>
    public static bool TryRead(ReadOnlySpan<byte> state, string name, Action<StateArchive> exchange, out string refusal)
    {
        refusal = "";
        if (state.Length < 14 || BinaryPrimitives.ReadUInt32LittleEndian(state) != Magic)
        {
            refusal = $"{state.Length} bytes that are no state of a drift detector";
        }
        else if (state[4] > Version)
        {
            refusal = $"version {state[4]} of the format; this program reads up to {Version}";
        }
        else if (BinaryPrimitives.ReadUInt32LittleEndian(state[^4..]) != Crc32C.Of(state[..^4]))
        {
            refusal = "checksum does not match: the state is damaged";
        }
        else if (Encoding.ASCII.GetString(state.Slice(6, state[5])) is var written && written != name)
        {
            refusal = $"state of '{written}'; expected '{name}'";
        }

        if (refusal.Length > 0)
        {
            return false;
        }

        int start = 10 + state[5];
        StateArchive archive = new(null, state[start..^4].ToArray());
        try
        {
            exchange(archive);
            refusal = archive._place == archive._input.Length ? "" : $"{archive._input.Length - archive._place} bytes more than expected";
        }
        catch (InvalidDataException e)
        {
            refusal = e.Message;
        }

        return refusal.Length == 0;
    }

    /// <summary>A setting: reading demands the same value.</summary>
    public void Same(double setting, string what)
    {
        double stored = setting;
        Value(ref stored);
        if (!stored.Equals(setting))
        {
            throw new InvalidDataException(FormattableString.Invariant($"saved with {what} {stored}, now it is {setting}"));
        }
    }

    /// <summary>A short text, UTF-8.</summary>
    public void Value(ref string value)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(value);
        int length = bytes.Length;
        Count(ref length, 4096);
        bytes = length == bytes.Length ? bytes : new byte[length];
        Values(bytes.AsSpan());
        value = Encoding.UTF8.GetString(bytes);
    }

    public void Value(ref double value) => Values(MemoryMarshal.CreateSpan(ref value, 1));

    public void Value(ref long value) => Values(MemoryMarshal.CreateSpan(ref value, 1));

    public void Value(ref ulong value) => Values(MemoryMarshal.CreateSpan(ref value, 1));

    public void Value(ref int value) => Values(MemoryMarshal.CreateSpan(ref value, 1));

    /// <summary>A count or place, at least 0 and at most <paramref name="most"/>.</summary>
    public void Count(ref int value, int most)
    {
        Value(ref value);
        if (value < 0 || value > most)
        {
            throw new InvalidDataException($"a count of {value}; at most {most} was expected");
        }
    }

    public void Value(ref bool value)
    {
        byte bit = value ? (byte)1 : (byte)0;
        Values(MemoryMarshal.CreateSpan(ref bit, 1));
        value = bit != 0;
    }

    /// <summary>Numbers in the machine's layout, which is little-endian on everything this program runs on.</summary>
    public void Values<T>(Span<T> values)
        where T : unmanaged
    {
        Span<byte> bytes = MemoryMarshal.AsBytes(values);
        if (_output is not null)
        {
            _output.Write(bytes);
            return;
        }

        if (_input.Length - _place < bytes.Length)
        {
            throw new InvalidDataException("shorter than expected");
        }

        _input.AsSpan(_place, bytes.Length).CopyTo(bytes);
        _place += bytes.Length;
    }
}
