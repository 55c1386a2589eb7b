namespace Edge.Storage.Tests.Replay;

public class QuarantineLogTests
{
    [Theory]
    [InlineData("")]
    [InlineData("{\"number\": 1, \"id\": torn\n")]
    public void A_quarantine_of_which_nothing_is_legible_lets_its_bytes_go(string content)
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder["q.jsonl"], content);
        var log = new QuarantineLog(folder["q.jsonl"]);
        log.DropBytes();
        Assert.Empty(File.ReadAllBytes(folder["q.jsonl"]));
        log.Add([(5, [1, 2], "checksum")], Samples.Now);
        Assert.Equal((1L, 5L), (log.Count, Assert.Single(log.Records()).Id));
    }

    [Fact]
    public void A_record_that_alone_exceeds_the_bound_is_told_of_without_its_bytes()
    {
        using var folder = new TempFolder();
        var log = new QuarantineLog(folder["q.jsonl"]);
        log.Add([(5, new byte[100], "checksum")], Samples.Now);
        log.Add([(6, new byte[QuarantineLog.MostBytes], "checksum")], Samples.Now);
        Assert.InRange(new FileInfo(folder["q.jsonl"]).Length, 1, QuarantineLog.MostBytes);
        Assert.Equal([(5L, 100, "checksum"), (6L, 0, "checksum; its 1048576 bytes are too many to keep")], log.Records().Select(record => (record.Id, record.Bytes.Length, record.Reason)));
    }

    [Fact]
    public async Task A_record_is_put_into_quarantine_once_however_long_the_disk_has_no_room_to_take_it_out_of_the_file()
    {
        using var disk = SmallDisk.Mount(8);
        string data = disk["replay.db"];
        using (var buffer = Samples.Open(data)) await buffer.OfferAsync([.. Enumerable.Range(1, 10).Select(i => Samples.One("a", (ulong)i, valueCount: 1152))], null);
        byte[] bytes = await File.ReadAllBytesAsync(data, TestContext.Current.CancellationToken);
        bytes[bytes.AsSpan().IndexOf(System.Runtime.InteropServices.MemoryMarshal.AsBytes(Samples.One("a", 4, valueCount: 1152).Samples.AsSpan(0, 20)))] ^= 1;
        await File.WriteAllBytesAsync(data, bytes, TestContext.Current.CancellationToken);
        disk.LeaveFree(60_000); // Room for a line of the quarantine, not for a change of the file.
        using (var buffer = Samples.Open(data))
        {
            for (int i = 0; i < 5; i++) Assert.Equal(9, (await buffer.TrainableAsync()).Count);
            Assert.Equal(1, (await buffer.StatsAsync()).QuarantinedCount);
            await Assert.ThrowsAsync<IOException>(() => buffer.OfferAsync([Samples.One("a", 99, valueCount: 1152)], null));
            disk.Clear();
            await buffer.OfferAsync([Samples.One("a", 100, valueCount: 1152)], null);
            Assert.Equal(1, (await buffer.StatsAsync()).QuarantinedCount);
            Assert.Equal(10, (await buffer.TrainableAsync()).Count);
        }

        using var again = Samples.Open(data);
        Assert.Equal(0, again.Counts.CorruptCount);
    }
}
