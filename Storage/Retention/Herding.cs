using System.Numerics.Tensors;

namespace Edge.Storage;

/// <summary>
/// Per class the examples that stand for it best: herding (Welling 2009) as in iCaRL (Rebuffi et al. 2017, section 3.4). The examples of a class are put in an order, each the one that brings the mean of those chosen so far
/// nearest to the mean of the class (algorithm 4: p_k = argmin |mu - (phi(x) + sum of phi(p_j)) / k|); when a class must give way, the last of its order goes (algorithm 5). The paper orders all examples of a class at once.
/// Here they come one by one: mu is the exact mean of everything seen of the class, and the order is made anew, with the new example, among those that are kept. Of equally near ones the older comes first.
/// Deviations: phi is a <see cref="WindowDescriptor"/> and not an embedding; distances are in standard deviations of each feature over everything seen, because a descriptor's features have units.
/// The largest class gives way, so classes are as even as they come. Cost of an offer to a full buffer: (kept of the class)² x features. Examples whose descriptor has another length than the newest's (the window's shape was
/// changed) cannot be compared: they go first, oldest first, and the means begin anew with what is kept of the new shape.
/// </summary>
public sealed class Herding(RetentionBudget budget) : RetentionPolicy(budget)
{
    private readonly SortedDictionary<string, (long Count, double[] Sum, double[] Squares)> classes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<ulong>> orders = new(StringComparer.Ordinal); // Valid until a mean changes.
    private int featureCount;

    /// <inheritdoc/>
    public override RetentionKind Kind => RetentionKind.Herding;

    /// <inheritdoc/>
    public override bool TakesDescriptors => true;

    /// <inheritdoc/>
    protected override Admission Decide(ExampleFacts example) => KeepThenLetGo(example, () => LastOf(GivingWay(example.Class, alreadyKept: true)));

    /// <inheritdoc/>
    protected override ulong NextToGo() => LastOf(Largest());

    /// <inheritdoc/>
    protected override void Observe(ExampleFacts example)
    {
        var features = example.Descriptor.Span;
        orders.Clear();
        if (features.Length != featureCount)
        {
            classes.Clear();
            featureCount = features.Length;
            foreach (var earlier in All.Where(earlier => earlier.Descriptor.Length == featureCount).OrderBy(earlier => earlier.Id)) CountIn(earlier);
        }

        CountIn(example);
    }

    /// <inheritdoc/>
    protected override void OnKept(ExampleFacts example) => orders.Remove(example.Class);

    /// <inheritdoc/>
    protected override void OnGone(ExampleFacts example)
    {
        // The first ones of an order do not depend on the later ones.
        if (orders.TryGetValue(example.Class, out var order) && order[^1] == example.Id) order.RemoveAt(order.Count - 1);
        else orders.Remove(example.Class);
    }

    /// <summary>Feature count i32, class count i32, then per class name, count i64, sums f64[features], sums of squares f64[features].</summary>
    protected override void WriteOwn(BinaryWriter writer)
    {
        writer.Write(featureCount);
        writer.Write(classes.Count);
        foreach (var (name, known) in classes)
        {
            writer.Write(name);
            writer.Write(known.Count);
            foreach (double value in known.Sum) writer.Write(value);
            foreach (double value in known.Squares) writer.Write(value);
        }
    }

    /// <inheritdoc/>
    protected override void ReadOwn(BinaryReader reader)
    {
        orders.Clear();
        classes.Clear();
        featureCount = reader.ReadInt32();
        for (int left = reader.ReadInt32(); left > 0; left--)
        {
            string name = reader.ReadString();
            long count = reader.ReadInt64();
            double[] sum = new double[featureCount], squares = new double[featureCount];
            for (int f = 0; f < featureCount; f++) sum[f] = reader.ReadDouble();
            for (int f = 0; f < featureCount; f++) squares[f] = reader.ReadDouble();
            classes.Add(name, (count, sum, squares));
        }
    }

    /// <inheritdoc/>
    protected override void ForgetOwn(string className)
    {
        classes.Remove(className);
        orders.Clear();
    }

    private void CountIn(ExampleFacts example)
    {
        var features = example.Descriptor.Span;
        if (!classes.TryGetValue(example.Class, out var known)) known = (0, new double[featureCount], new double[featureCount]);
        for (int f = 0; f < features.Length; f++)
        {
            known.Sum[f] += features[f];
            known.Squares[f] += (double)features[f] * features[f];
        }

        classes[example.Class] = (known.Count + 1, known.Sum, known.Squares);
    }

    private ulong LastOf(string className)
    {
        if (!orders.TryGetValue(className, out var order)) orders.Add(className, order = Order(className));
        return order[^1];
    }

    /// <summary>The kept examples of a class from the one that stands for it best to the one that would be missed least.</summary>
    private List<ulong> Order(string className)
    {
        bool hasMean = classes.TryGetValue(className, out var known);
        var comparable = KeptOf(className).Where(id => hasMean && FactsOf(id).Descriptor.Length == featureCount).ToList();
        var order = new List<ulong>(comparable.Count);
        if (comparable.Count > 0)
        {
            float[] scales = Scales();
            float[][] phi = [.. comparable.Select(id => Scaled(FactsOf(id).Descriptor.Span, scales))];
            double[] chosen = new double[featureCount];
            float[] target = new float[featureCount];
            bool[] isChosen = new bool[phi.Length];
            for (int k = 1; k <= phi.Length; k++)
            {
                // |mu - (phi(x) + chosen) / k| is least where phi(x) is nearest to k mu - chosen.
                for (int f = 0; f < featureCount; f++) target[f] = (float)(k * (known.Sum[f] / known.Count * scales[f]) - chosen[f]);
                int next = Nearest(phi, isChosen, target);
                isChosen[next] = true;
                order.Add(comparable[next]);
                for (int f = 0; f < featureCount; f++) chosen[f] += phi[next][f];
            }
        }

        order.AddRange(KeptOf(className).Except(comparable).Reverse());
        return order;
    }

    private static int Nearest(float[][] phi, bool[] isChosen, float[] target)
    {
        var (nearest, least) = (-1, float.PositiveInfinity);
        for (int i = 0; i < phi.Length; i++)
        {
            if (isChosen[i]) continue;
            float distance = target.Length == 0 ? 0 : TensorPrimitives.Distance(phi[i], target);
            if (nearest < 0 || distance < least) (nearest, least) = (i, distance);
        }

        return nearest;
    }

    /// <summary>1 / standard deviation of each feature over everything seen; 0 for one that never changed.</summary>
    private float[] Scales()
    {
        float[] scales = new float[featureCount];
        double total = classes.Values.Sum(known => (double)known.Count);
        for (int f = 0; f < featureCount; f++)
        {
            double mean = classes.Values.Sum(known => known.Sum[f]) / total, square = classes.Values.Sum(known => known.Squares[f]) / total;
            double variance = square - mean * mean;
            scales[f] = variance > square * 1e-12 ? (float)(1 / Math.Sqrt(variance)) : 0; // What the rounding of the sums leaves is no change.
        }

        return scales;
    }

    private static float[] Scaled(ReadOnlySpan<float> features, float[] scales)
    {
        float[] scaled = new float[features.Length];
        TensorPrimitives.Multiply(features, scales, scaled);
        return scaled;
    }
}
