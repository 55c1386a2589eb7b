namespace Edge.Storage.Tests.Statistics;

public class GramPanelsTests
{
    [Theory]
    [InlineData(1, true)]
    [InlineData(7, true)]
    [InlineData(24, true)]
    [InlineData(25, true)]
    [InlineData(61, true)]
    [InlineData(1, false)]
    [InlineData(7, false)]
    [InlineData(24, false)]
    [InlineData(25, false)]
    [InlineData(61, false)]
    public void Tiles_of_either_width_add_the_sum_of_outer_products(int length, bool isWide)
    {
        const int first = 3;
        var random = new Random(length);
        var panels = new GramPanels(length, isWide);
        var matrix = new PackedSymmetric(first + length);
        for (int i = 0; i < matrix.Values.Length; i++) matrix.Values[i] = random.NextDouble();
        var expected = new PackedSymmetric(first + length);
        expected.CopyFrom(matrix);
        for (int k = 0; k < 37; k++)
        {
            float[] row = [.. Enumerable.Range(0, length).Select(_ => random.NextSingle() - .5f)];
            panels.Gather(row);
            for (int i = 0; i < length; i++)
                for (int j = i; j < length; j++)
                    expected.Values[expected.RowOffset(first + i) + first + j] -= (double)row[i] * row[j];
        }

        panels.AddTo(matrix, first, -1);
        Assert.All(expected.Values.Zip(matrix.Values), pair => Assert.Equal(pair.First, pair.Second, 1e-12));
    }

    [Fact]
    public void Rows_are_forgotten_once_they_are_added()
    {
        var panels = new GramPanels(2);
        var matrix = new PackedSymmetric(2);
        panels.Gather([1f, 2f]);
        panels.AddTo(matrix);
        panels.AddTo(matrix);
        Assert.Equal([1, 2, 4], matrix.Values);
    }

    [Fact]
    public void A_product_reads_both_triangles()
    {
        var matrix = new PackedSymmetric(3);
        matrix.AddOuter([1, 2, 3]);
        matrix.AddOuter([0, 1, 0], 5);
        double[] product = new double[3];
        matrix.Multiply([1, 1, 2], product);
        Assert.Equal([9, 18 + 5, 27], product); // x (x'v) + 5 e2 v2
    }
}
