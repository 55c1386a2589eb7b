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

    /// <summary>Name of the backbone that <c>training.backbone</c> asks for, for windows of a shape.</summary>
    /// <param name="window">Shape of the windows.</param>
    /// <param name="wanted"><c>cnn</c>, <c>resnet</c>, <c>transformer</c> or <c>mlp</c>; <c>auto</c>: <see cref="MlpBackbone"/> for feature vectors (one sample) and for windows under 16 samples, else <see cref="TscilCnn"/>.</param>
    /// <exception cref="ArgumentException">There is no such word; the message lists them.</exception>
    public static string NameFor(WindowShape window, string wanted = "auto") => wanted switch
    {
        "auto" => window.Length < ShortestToConvolve ? nameof(MlpBackbone) : nameof(TscilCnn),
        "cnn" => nameof(TscilCnn),
        "mlp" => nameof(MlpBackbone),
        "resnet" => nameof(ResNet1d),
        "transformer" => nameof(TimeSeriesTransformer),
        _ => throw new ArgumentException($"training.backbone '{wanted}' is unknown. There are auto, cnn, resnet, transformer, mlp.", nameof(wanted)),
    };

    /// <summary>The backbone that <see cref="NameFor"/> names, with random weights from torch's generator.</summary>
    /// <exception cref="InvalidDataException">It does not take windows as short as these; the message says what to do.</exception>
    /// <exception cref="ArgumentException">There is no such word.</exception>
    public static Backbone CreateFor(WindowShape window, string wanted = "auto")
    {
        var backbone = Create(NameFor(window, wanted), window.ChannelCount, window.Length);
        if (window.Length >= backbone.MinimumLength) return backbone;
        string problem = $"training.backbone '{wanted}' takes windows of {backbone.MinimumLength} samples or more; these have {window.Length}. Choose auto or mlp, or longer windows.";
        backbone.Dispose();
        throw new InvalidDataException(problem);
    }
}
