using Edge.Trainer.Onnx.Precision;
using Edge.Trainer.Onnx.Translators;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Edge.Trainer.Onnx;

/// <summary>Writes one module: adds its nodes and weights to <paramref name="scope"/> and returns what flows out of it, with its shape.</summary>
/// <typeparam name="TModule">Type of the module.</typeparam>
/// <param name="module">The module.</param>
/// <param name="input">What flows into it, with its shape.</param>
/// <param name="scope">The graph at the module's place in the tree.</param>
/// <exception cref="OnnxExportException">The module, as it is configured, cannot be expressed; make it with <see cref="OnnxScope.Refuse"/>.</exception>
public delegate OnnxValue OnnxTranslator<in TModule>(TModule module, OnnxValue input, OnnxScope scope)
    where TModule : nn.Module;

/// <summary>
/// Turns a tree of TorchSharp modules into the nodes of an ONNX graph, as they compute in evaluation mode, whatever mode they are in. Every module type has a translator; a container's
/// translator writes its children. Types match exactly: a subclass may compute something else, so it needs a translator of its own. Forward hooks are not written.
/// </summary>
public sealed class OnnxWriter
{
    private readonly SortedSet<string> known = new(StringComparer.Ordinal);
    private readonly Dictionary<Type, OnnxTranslator<nn.Module>> translators = [];

    /// <summary>A writer that knows the modules of TorchSharp listed in README.md beside this file.</summary>
    public OnnxWriter()
    {
        Containers.RegisterIn(this);
        Linears.RegisterIn(this);
        Convolutions.RegisterIn(this);
        Activations.RegisterIn(this);
        Normalisations.RegisterIn(this);
        Poolings.RegisterIn(this);
        AdaptivePoolings.RegisterIn(this);
        Recurrents.RegisterIn(this);
        Transformers.RegisterIn(this);
    }

    /// <summary>Names of the module types that have a translator, in ordinal order.</summary>
    public IReadOnlyCollection<string> KnownModules => known;

    /// <summary>Whether <see cref="ToBytes"/> folds batch normalisations into the layer before them (<see cref="OnnxBatchNorm.Fold"/>); default false: they are kept, and weights are those of the state dictionary.</summary>
    public bool FoldsBatchNorm { get; init; }

    /// <summary>Teaches the writer a module type, or replaces how it writes one.</summary>
    /// <returns>The writer itself.</returns>
    public OnnxWriter Register<TModule>(OnnxTranslator<TModule> translator)
        where TModule : nn.Module
    {
        known.Add(typeof(TModule).Name);
        translators[typeof(TModule)] = (module, input, scope) => translator((TModule)module, input, scope);
        return this;
    }

    /// <summary>Adds a module to a graph.</summary>
    /// <param name="module">Root of the tree.</param>
    /// <param name="input">What flows into it, with its shape.</param>
    /// <param name="graph">The graph it is added to.</param>
    /// <param name="path">Path of the root, with which the names of its nodes and weights begin.</param>
    /// <returns>What flows out of it, with its shape.</returns>
    /// <exception cref="OnnxExportException">A module of the tree cannot be expressed.</exception>
    public OnnxValue Write(nn.Module module, OnnxValue input, OnnxGraph graph, string path = "")
    {
        var type = module.GetType();
        var scope = new OnnxScope(this, graph, path, type);
        if (translators.TryGetValue(type, out var translator)) return translator(module, input, scope);
        if (type.IsGenericType && (type.GetGenericTypeDefinition() == typeof(ModuleList<>) || type.GetGenericTypeDefinition() == typeof(ModuleDict<>)))
            throw scope.Refuse("it only holds modules; how they are connected, the module around it says.", "In that module's translator write its members: with OnnxScope.WriteInTurn where they follow one another.");
        throw scope.Refuse(
            "no translator is registered for this type.",
            $"Register one with OnnxWriter.Register<{type.Name}>(…), or build the network from modules that have one: {string.Join(", ", KnownModules)}.");
    }

    /// <summary>A whole file with one module in it: input <c>input</c> of the given shape, output <c>output</c>.</summary>
    /// <exception cref="OnnxExportException">A module of the tree cannot be expressed.</exception>
    public byte[] ToBytes(nn.Module module, IReadOnlyList<OnnxDim> inputShape, string producer, string producerVersion, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var graph = new OnnxGraph(module.GetName());
        graph.Output("output", Write(module, graph.Input("input", inputShape), graph));
        byte[] file = graph.ToBytes(producer, producerVersion, metadata);
        return FoldsBatchNorm ? OnnxBatchNorm.Fold(file) : file;
    }
}
