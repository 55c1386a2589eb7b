using Edge.Storage;

namespace Edge.Trainer.Backbones;

/// <summary>The backbones by the name that a checkpoint carries. A new backbone is a file beside this one and a row here; a name that was ever written stays.</summary>
public static class BackboneCatalogue
{
    private const int ShortestToConvolve = 16;

    private static readonly SortedDictionary<string, Func<int, int, Backbone>> s_backbones = new(StringComparer.Ordinal)
    {
        [nameof(MlpBackbone)] = (channelCount, length) => new MlpBackbone(channelCount, length),
        [nameof(ResNet1d)] = (channelCount, _) => new ResNet1d(channelCount),
        [nameof(TimeSeriesTransformer)] = (channelCount, _) => new TimeSeriesTransformer(channelCount),
        [nameof(TscilCnn)] = (channelCount, _) => new TscilCnn(channelCount),
    };

    /// <summary>The names, in ordinal order.</summary>
    public static IReadOnlyCollection<string> Names => s_backbones.Keys;

    /// <summary>Creates a backbone with random weights from torch's generator.</summary>
    /// <param name="name">Its class name, as <c>GetName()</c> of the module gives it.</param>
    /// <param name="channelCount">Channels of the windows, at least 1.</param>
    /// <param name="length">Samples per channel of the windows, which a backbone of a <see cref="Backbone.FixedLength"/> must know.</param>
    /// <exception cref="InvalidDataException">There is no backbone of that name.</exception>
    public static Backbone Create(string name, int channelCount, int length = 1) => s_backbones.TryGetValue(name, out var create)
        ? create(channelCount, length)
        : throw new InvalidDataException($"Backbone '{name}' is unknown; this program has {string.Join(", ", Names)}. Use the version that wrote the checkpoint.");

    /// <summary>Name of the default backbone for windows of a shape: <see cref="MlpBackbone"/> for feature vectors (one sample) and for windows under 16 samples, else <see cref="TscilCnn"/>.</summary>
    public static string NameFor(WindowShape window) => window.Length < ShortestToConvolve ? nameof(MlpBackbone) : nameof(TscilCnn);
}
