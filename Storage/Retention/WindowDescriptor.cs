using System.Numerics.Tensors;

namespace Edge.Storage;

/// <summary>
/// A few numbers that say what a window is like: per channel mean, standard deviation and mean absolute difference of neighbours, in the sensor's units; the values themselves of a window shorter than 3 samples (feature vectors).
/// It does not depend on a snapshot, so descriptors of years apart may be compared and the mean of everything ever seen stays exact. An embedding would have to be made anew for every kept window with each accepted
/// snapshot, and the mean of the windows that are gone could not be. It is not stored: the stored window gives it again.
/// </summary>
public static class WindowDescriptor
{
    private const int FeaturesPerChannel = 3;

    /// <summary>Describes a window. A channel that holds a value that is not finite counts as 0 throughout.</summary>
    /// <param name="samples">[channels, length] float32, row-major.</param>
    /// <param name="channelCount">Channels; when the values are not a multiple of it, they count as one channel.</param>
    /// <returns>[channels x 3] float32, or [values] for a window shorter than 3 samples; all finite.</returns>
    public static float[] Of(ReadOnlySpan<float> samples, int channelCount)
    {
        int channels = channelCount > 0 && samples.Length % channelCount == 0 ? channelCount : 1, length = samples.Length / channels;
        if (length < FeaturesPerChannel) return [.. samples.ToArray().Select(value => float.IsFinite(value) ? value : 0)];
        float[] features = new float[channels * FeaturesPerChannel];
        for (int c = 0; c < channels; c++) Describe(samples.Slice(c * length, length), features.AsSpan(c * FeaturesPerChannel, FeaturesPerChannel));
        return features;
    }

    private static void Describe(ReadOnlySpan<float> channel, Span<float> features)
    {
        float mean = TensorPrimitives.Sum(channel) / channel.Length;
        float squares = 0, steps = 0;
        for (int t = 0; t < channel.Length; t++)
        {
            squares += (channel[t] - mean) * (channel[t] - mean);
            if (t > 0) steps += MathF.Abs(channel[t] - channel[t - 1]);
        }

        (features[0], features[1], features[2]) = (mean, MathF.Sqrt(squares / channel.Length), steps / (channel.Length - 1));
        if (!float.IsFinite(features[0] + features[1] + features[2])) features.Clear();
    }
}
