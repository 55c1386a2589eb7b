namespace Edge.Trainer.Backbones;

/// <summary>The backbones by the name that a checkpoint carries. A new backbone is a file beside this one and a row here; a name that was ever written stays.</summary>
public static class BackboneCatalogue
{
    /// <summary>Creates a backbone with random weights from torch's generator.</summary>
    /// <param name="name">Its class name, as <c>GetName()</c> of the module gives it.</param>
    /// <param name="channelCount">Channels of the windows, at least 1.</param>
    /// <exception cref="InvalidDataException">There is no backbone of that name.</exception>
    public static Backbone Create(string name, int channelCount) => name switch
    {
        nameof(TscilCnn) => new TscilCnn(channelCount),
        _ => throw new InvalidDataException($"Backbone '{name}' is unknown; this program has {nameof(TscilCnn)}. Use the version that wrote the checkpoint."),
    };
}
