using System.Globalization;
using System.Text;
using Edge.Storage;

namespace Edge.Telemetry.Sparkplug;

/// <summary>
/// The number of births and deaths, <c>bdSeq</c>: 0 at the first CONNECT of the node's life, one more at every other, after 255 again 0 (Sparkplug 3.0, tck-id-topics-nbirth-bdseq-increment). Kept in a small file, forced to disk
/// before the CONNECT that uses it, so that a restart does not use a number twice. The file: <c>edge-bdseq 1 NUMBER CHECK</c> in ASCII, with the CRC-32C of what stands before CHECK, in hexadecimal digits.
/// </summary>
internal sealed class BirthNumber
{
    private const string Kind = "edge-bdseq";
    private readonly string _path;
    private byte? _latest;

    /// <summary>The number of a node that keeps it at <paramref name="path"/>.</summary>
    /// <param name="path">The file; it need not be there.</param>
    /// <param name="problem">Why it begins at 0 though there is a file; null when it does not.</param>
    public BirthNumber(string path, out string? problem)
    {
        (_path, problem) = (path, null);
        try
        {
            if (File.Exists(path)) _latest = Read(File.ReadAllText(path)) ?? throw new InvalidDataException($"{path} is damaged or of another version");
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            problem = e.Message;
        }
    }

    /// <summary>The number for the next CONNECT.</summary>
    /// <param name="problem">Why the disk did not take it; it counts on in memory then.</param>
    public byte Next(out string? problem)
    {
        _latest = unchecked((byte)((_latest ?? 255) + 1));
        problem = null;
        try
        {
            DurableFile.Replace(_path, Encoding.ASCII.GetBytes(Line(_latest.Value)));
        }
        catch (IOException e)
        {
            problem = e.Message;
        }

        return _latest.Value;
    }

    private static string Line(byte number)
    {
        string record = string.Create(CultureInfo.InvariantCulture, $"{Kind} 1 {number} ");
        return string.Create(CultureInfo.InvariantCulture, $"{record}{Crc32C.Of(Encoding.ASCII.GetBytes(record)):x8}\n");
    }

    private static byte? Read(string text) =>
        text.Split(' ') is [_, _, var word, _] && byte.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out byte number) && text == Line(number) ? number : null;
}
