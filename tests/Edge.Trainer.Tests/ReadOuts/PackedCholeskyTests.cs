using Edge.Storage;
using Edge.Trainer.ReadOuts;

namespace Edge.Trainer.Tests.ReadOuts;

public class PackedCholeskyTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(200)]
    public void The_factor_multiplies_back_and_solves(int order)
    {
        var matrix = Matrix(order, order + 10);
        var cholesky = new PackedCholesky(order);
        cholesky.Decompose(matrix, .5);
        Assert.Equal(0, cholesky.Jitter);
        for (int i = 0; i < order; i++)
            for (int j = i; j < order; j++)
            {
                double product = 0;
                for (int k = 0; k <= i; k++) product += cholesky.Factor[k, i] * cholesky.Factor[k, j];
                Assert.Equal(matrix[i, j] + (i == j ? .5 : 0), product, 1e-11 * order);
            }

        double[] right = [.. Enumerable.Range(0, 3 * order).Select(i => Math.Sin(i))], solution = [.. right], product2 = new double[order];
        cholesky.Solve(solution);
        for (int c = 0; c < 3; c++)
        {
            var x = solution.AsSpan(c * order, order);
            matrix.Multiply(x, product2);
            for (int i = 0; i < order; i++) Assert.Equal(right[c * order + i], product2[i] + .5 * x[i], 1e-9);
        }
    }

    [Fact]
    public void An_updated_factor_is_the_factor_of_the_updated_matrix()
    {
        const int order = 70;
        var matrix = Matrix(order, 100);
        PackedCholesky updated = new(order), anew = new(order);
        updated.Decompose(matrix, 1);
        double[] x = [.. Enumerable.Range(0, order).Select(i => i % 4 == 0 ? 0 : Math.Cos(i))];
        matrix.AddOuter(x);
        updated.Update(x);
        anew.Decompose(matrix, 1);
        Assert.All(anew.Factor.Values.Zip(updated.Factor.Values), pair => Assert.Equal(pair.First, pair.Second, 1e-11));
    }

    [Fact]
    public void A_singular_matrix_is_lifted_by_as_little_as_it_takes()
    {
        const int order = 40;
        var cholesky = new PackedCholesky(order);
        cholesky.Decompose(Matrix(order, 10), 1e-300); // of rank 10
        Assert.InRange(cholesky.Jitter, 1e-15, 1e-6);
        Assert.All(cholesky.Factor.Values, value => Assert.True(double.IsFinite(value)));
    }

    [Fact]
    public void An_indefinite_matrix_is_refused()
    {
        var matrix = new PackedSymmetric(3);
        matrix.AddOuter([1, 0, 0]);
        matrix.AddOuter([0, 1, 0], -1);
        Assert.Throws<ArithmeticException>(() => new PackedCholesky(3).Decompose(matrix, .1));
    }

    private static PackedSymmetric Matrix(int order, int rank)
    {
        var random = new Random(order);
        var matrix = new PackedSymmetric(order);
        for (int k = 0; k < rank; k++) matrix.AddOuter([.. Enumerable.Range(0, order).Select(_ => random.NextDouble() - .5)]);
        return matrix;
    }
}
