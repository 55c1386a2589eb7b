using System.Buffers.Binary;

namespace Edge.Storage.Tests.Replay;

public class PageScanTests
{
    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(int.MaxValue - 20)]
    [InlineData(-1)]
    [InlineData(5)]
    public void A_document_that_claims_more_bytes_than_it_has_comes_without_any(int claimed)
    {
        using var folder = new TempFolder();
        File.WriteAllBytes(folder["a.db"], [.. new byte[8192], .. DataPage(id: 7, claimed)]);
        using var scan = new PageScan(folder["a.db"], null);
        var (id, bytes) = Assert.Single(scan.Documents());
        Assert.Equal((7L, 0), (id, bytes.Length));
    }

    /// <summary>A data page with one block: a document of which only the head is there.</summary>
    private static byte[] DataPage(long id, int claimed)
    {
        byte[] page = new byte[8192];
        BinaryPrimitives.WriteUInt32LittleEndian(page, 1);
        page[4] = 4; // A data page, whose highest slot is 0.
        byte[] document = [0, 0, 0, 0, 0x12, (byte)'_', (byte)'i', (byte)'d', 0, .. BitConverter.GetBytes(id), 5, (byte)'d', 0, .. BitConverter.GetBytes(claimed), 0, 1, 2, 3, 0];
        BinaryPrimitives.WriteUInt16LittleEndian(page.AsSpan(8188), (ushort)(6 + document.Length));
        BinaryPrimitives.WriteUInt16LittleEndian(page.AsSpan(8190), 32);
        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(33), uint.MaxValue); // No block follows.
        document.CopyTo(page, 38);
        return page;
    }
}
