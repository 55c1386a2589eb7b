namespace Edge.Storage.Tests.Replay;

public class PrototypeBankTests
{
    [Fact]
    public void The_prototype_is_the_normalised_sum_of_the_embeddings()
    {
        var bank = Bank();
        // a: (1, 0) + (0, 1) = (1, 1), norm √2. b: 2 x (0.6, 0.8), norm 2. By hand.
        var matrix = bank.ToMatrix(["a", "b"]);
        Assert.Equal([MathF.Sqrt(0.5f), MathF.Sqrt(0.5f), 0.6f, 0.8f], matrix.Values, (x, y) => MathF.Abs(x - y) < 1e-7f);
        Assert.Equal([0f, 0f], matrix.ClassBias);
        Assert.Equal(2, matrix.KnownCount);
        Assert.Equal(2, bank.Counts["a"]);
    }

    [Fact]
    public void The_matrix_has_the_order_asked_for_and_a_bias_where_no_prototype_is()
    {
        var matrix = Bank().ToMatrix(["never seen", "b", "a"]);
        Assert.Equal([0f, 0f, 0.6f, 0.8f, MathF.Sqrt(0.5f), MathF.Sqrt(0.5f)], matrix.Values, (x, y) => MathF.Abs(x - y) < 1e-7f);
        Assert.Equal([PrototypeMatrix.AbsentBias, 0f, 0f], matrix.ClassBias);
        Assert.Equal(2, matrix.KnownCount);
    }

    [Fact]
    public void Embeddings_that_cancel_out_give_a_row_of_zeros_and_not_of_NaN()
    {
        var bank = new PrototypeBank("s", 2);
        bank.Add("a", [1, 0]);
        bank.Add("a", [-1, 0]);
        Assert.Equal([0f, 0f], bank.ToMatrix(["a"]).Values);
    }

    [Fact]
    public void The_order_of_labels_does_not_matter_to_the_bytes()
    {
        PrototypeBank forth = new("s", 2), back = new("s", 2);
        forth.Add("a", [1, 0]);
        forth.Add("b", [0, 1]);
        back.Add("b", [0, 1]);
        back.Add("a", [1, 0]);
        Assert.Equal(forth.ToBytes(), back.ToBytes());
    }

    [Fact]
    public void The_bytes_of_version_1_are_pinned()
    {
        var bank = new PrototypeBank("s1", 2) { ThroughExampleId = 258 };
        bank.Add("ä", [1, -0.5f]);
        string hex = Convert.ToHexString(bank.ToBytes());
        Assert.Equal(
            "01" + "027331" + "02000000" + "0201000000000000" + "01000000" + // version, snapshot id, embedding length, through id, class count
            "02C3A4" + "0100000000000000" + "000000000000F03F" + "000000000000E0BF", // name, count, sum
            hex[..^8]);
    }

    [Fact]
    public void A_bank_is_read_as_it_was_written()
    {
        var bank = Bank();
        bank.ThroughExampleId = 42;
        var read = PrototypeBank.FromBytes(bank.ToBytes())!;
        Assert.Equal(("s000001-00000000", 2, 42ul), (read.SnapshotId, read.EmbeddingLength, read.ThroughExampleId));
        Assert.Equal(bank.Counts, read.Counts);
        Assert.Equal(bank.ToMatrix(["a", "b"]).Values, read.ToMatrix(["a", "b"]).Values);
        Assert.Equal(bank.ToBytes(), read.ToBytes());
    }

    [Fact]
    public void Every_flipped_byte_and_every_truncation_is_refused()
    {
        byte[] bytes = Bank().ToBytes();
        for (int i = 0; i < bytes.Length; i++)
        {
            byte[] flipped = [.. bytes];
            flipped[i] ^= 0x10;
            Assert.Null(PrototypeBank.FromBytes(flipped));
            Assert.Null(PrototypeBank.FromBytes(bytes[..i]));
        }
    }

    [Fact]
    public void For_gives_a_copy_of_its_own_under_the_accepted_id()
    {
        var bank = Bank();
        bank.ThroughExampleId = 42;
        var accepted = bank.For("s000002-11111111");
        bank.Add("a", [1, 0]);
        Assert.Equal(("s000002-11111111", 42ul), (accepted.SnapshotId, accepted.ThroughExampleId));
        Assert.Equal(2, accepted.Counts["a"]);
        Assert.Equal(Bank().ToMatrix(["a", "b"]).Values, accepted.ToMatrix(["a", "b"]).Values);
    }

    [Fact]
    public void An_embedding_of_another_length_is_refused() =>
        Assert.Contains("has 2 values, not 3", Assert.Throws<ArgumentException>(() => Bank().Add("a", [1, 0, 0])).Message);

    private static PrototypeBank Bank()
    {
        var bank = new PrototypeBank("s000001-00000000", 2);
        bank.Add("a", [1, 0]);
        bank.Add("a", [0, 1]);
        bank.Add("b", [0.6f, 0.8f]);
        bank.Add("b", [0.6f, 0.8f]);
        return bank;
    }
}
