using System.Numerics.Tensors;
using Edge.Storage;

namespace Edge.Trainer.ReadOuts;

/// <summary>The directions of largest variance of a covariance matrix, by subspace iteration (Golub and Van Loan, Matrix Computations, 8.2.4): orthonormal, and together close to the leading eigenvectors; none of them need be one.</summary>
public static class PrincipalDirections
{
    private const int Iterations = 6; // The leading subspace is wanted roughly: what is mixed in at its edge varies almost as much.
    private const int Seed = 1;

    /// <summary>Finds them; the same matrix gives the same directions.</summary>
    /// <param name="matrix">[D, D], positive semi-definite; only read.</param>
    /// <param name="count">1 to the rank of the matrix.</param>
    /// <returns>[count][D] of norm 1.</returns>
    public static double[][] Of(PackedSymmetric matrix, int count)
    {
        var random = new Random(Seed);
        double[][] directions = [.. Enumerable.Range(0, count).Select(_ => Enumerable.Range(0, matrix.Order).Select(_ => random.NextDouble() - 0.5).ToArray())];
        double[] product = new double[matrix.Order];
        for (int iteration = 0; iteration < Iterations; iteration++)
        {
            foreach (double[] direction in directions)
            {
                matrix.Multiply(direction, product);
                product.CopyTo(direction, 0);
            }

            Orthonormalise(directions);
        }

        return directions;
    }

    // Modified Gram-Schmidt, twice: once loses digits where directions were almost parallel.
    private static void Orthonormalise(double[][] directions)
    {
        for (int i = 0; i < directions.Length; i++)
        {
            double[] direction = directions[i];
            for (int pass = 0; pass < 2; pass++)
            {
                double length = TensorPrimitives.Norm<double>(direction);
                if (length > 0) TensorPrimitives.Divide(direction, length, direction);
                for (int j = 0; j < i; j++) TensorPrimitives.MultiplyAdd(directions[j], -TensorPrimitives.Dot<double>(directions[j], direction), direction, direction);
            }

            double norm = TensorPrimitives.Norm<double>(direction);
            if (norm > 0) TensorPrimitives.Divide(direction, norm, direction);
        }
    }
}
