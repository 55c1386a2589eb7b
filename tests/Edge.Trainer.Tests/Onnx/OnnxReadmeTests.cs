using System.Text.RegularExpressions;
using Edge.Storage;
using Edge.Trainer.Backbones;
using Edge.Trainer.Onnx;
using Edge.Trainer.Rounds;

namespace Edge.Trainer.Tests.Onnx;

/// <summary>Trainer/Onnx/README.md says what the code does.</summary>
[Collection(TorchGeneratorCollection.Name)]
public partial class OnnxReadmeTests
{
    // Syntax, and every name that the script asks the file for.
    private const string ScriptCheck = """
        import ast, json, onnx, sys
        model = onnx.load(sys.argv[1])
        calls = [n for n in ast.walk(ast.parse(SCRIPT)) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and n.func.attr == "run"]
        subscripts = [n.slice.value for n in ast.walk(ast.parse(SCRIPT)) if isinstance(n, ast.Subscript) and getattr(n.value, "id", "") == "about"]
        used = {n.value for c in calls for n in ast.walk(c) if isinstance(n, ast.Constant)} | set(subscripts)
        there = {v.name for v in list(model.graph.input) + list(model.graph.output)} | {p.key for p in model.metadata_props}
        print(json.dumps([len(used), sorted(used - there)]))
        """;

    private static string Readme => File.ReadAllText(Path.Combine(RepositoryRoot, "Trainer", "Onnx", "README.md"));

    private static string RepositoryRoot
    {
        get
        {
            string? folder = AppContext.BaseDirectory;
            while (folder is not null && !File.Exists(Path.Combine(folder, "Edge.sln"))) folder = Path.GetDirectoryName(folder);
            return folder ?? throw new InvalidOperationException("Edge.sln is in no folder above the test.");
        }
    }

    [Fact]
    public void The_table_lists_the_modules_that_have_a_translator() =>
        Assert.Equal(new OnnxWriter().KnownModules, TableRow().Matches(Readme).Select(match => match.Groups[1].Value).Where(name => name != "Module"));

    [Fact]
    public void The_versions_are_those_that_are_written() => Assert.Contains($"Opset {OnnxGraph.OpsetVersion}, IR version {OnnxGraph.IrVersion},", Readme, StringComparison.Ordinal);

    [Fact]
    public void The_Python_script_parses_and_asks_for_names_that_are_in_the_file()
    {
        PythonOnnx.SkipUnlessThere();
        string script = Readme.Split("```python\n")[1].Split("```")[0];
        using var backbone = new TscilCnn(9);
        byte[] file = ClassifierGraph.Write(backbone, new ClassifierGraphOptions { Window = new WindowShape(9, 128, 50), Classes = ["a"], Temperature = 0.1 });
        Assert.Equal("[6, []]", PythonOnnx.Read(file, $"SCRIPT = '''{script}'''\n{ScriptCheck}").GetRawText());
    }

    /// <summary>
    /// The script's text is executed, against this ONNX Runtime. Debian has no package of its Python binding: <c>python/onnxruntime.py</c> answers in its place what the script asks, over the C API of the library that these tests run with.
    /// </summary>
    [Theory]
    [InlineData("zeros", 2.0)]
    [InlineData("ones", 2.0)]
    [InlineData("ones", 1e-6)]
    public void The_Python_script_answers_as_the_file_does_in_CSharp(string samples, double noveltyThreshold)
    {
        PythonOnnx.SkipUnlessThere();
        string[] classes = ["still", "slow", "fast"];
        using var backbone = new TscilCnn(9);
        float[] prototypes = [.. Enumerable.Range(0, 3 * 128).Select(i => MathF.Sin(i * (1 + i / 128)))];
        byte[] file = ClassifierGraph.Write(backbone, new ClassifierGraphOptions
        {
            Window = new WindowShape(9, 128, 50), Classes = classes, Temperature = 0.1, Prototypes = prototypes, FrozenFeatures = 500,
            Metadata = new Dictionary<string, string> { ["noveltyThreshold"] = noveltyThreshold.ToString(System.Globalization.CultureInfo.InvariantCulture) },
        });
        using var model = new OrtModel(file);
        float[] window = new float[9 * 128];
        if (samples == "ones") window.AsSpan().Fill(1);
        var expected = model.Run(("window", window, [1, 9, 128]));
        float[] probability = expected["probability"].Values;
        float novelty = expected["novelty"].Values[0];
        int best = probability.AsSpan().IndexOf(probability.Max());

        string[] words = PythonOnnx.Execute(file, Readme.Split("```python\n")[1].Split("```")[0].Replace("np.zeros(", $"np.{samples}("), Path.Combine(RepositoryRoot, "tests", "Edge.Trainer.Tests", "Onnx", "python")).Split(' ', StringSplitOptions.TrimEntries);
        Assert.Equal(novelty > noveltyThreshold ? "unknown" : classes[best], words[0]);
        Assert.Equal(probability[best], float.Parse(words[1], System.Globalization.CultureInfo.InvariantCulture), 1e-6f);
        Assert.Equal(novelty, float.Parse(words[2], System.Globalization.CultureInfo.InvariantCulture), 1e-6f);
        Assert.Equal(noveltyThreshold < 1, words[0] == "unknown");
    }

    [Fact]
    public void The_CSharp_is_compiled_and_runs()
    {
        string example = Words(File.ReadAllText(Path.Combine(RepositoryRoot, "tests", "Edge.Trainer.Tests", "Onnx", "ReadmeExample.cs")));
        string[] blocks = [.. Readme.Split("```csharp\n").Skip(1).Select(rest => rest.Split("```")[0])];
        Assert.Equal(3, blocks.Length);
        Assert.All(blocks, block => Assert.Contains(Words(block), example, StringComparison.Ordinal));

        using var model = new OrtModel(ReadmeExample.Export());
        Assert.Equal([2, 32, 128], model.Run(("input", new float[2 * 9 * 128], [2, 9, 128]))["output"].Shape);
        byte[] quantised = ReadmeExample.Quantise(ReadmeExample.Export(), file =>
        {
            using var calibration = new OrtModel(file);
            return calibration.Run(("input", [.. Enumerable.Range(0, 9 * 128).Select(i => MathF.Sin(i))], [1, 9, 128])).Select(output => (output.Key, output.Value.Values)).ToList();
        });
        using var small = new OrtModel(quantised);
        Assert.Equal([2, 32, 128], small.Run(("input", new float[2 * 9 * 128], [2, 9, 128]))["output"].Shape);

        static string Words(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }

    [GeneratedRegex(@"^\| (\w+) \|", RegexOptions.Multiline)]
    private static partial Regex TableRow();
}
