using Edge.Trainer.Onnx;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Edge.Trainer.Tests.Onnx;

/// <summary>What translators of own modules are made of.</summary>
[Collection(TorchGeneratorCollection.Name)]
public class OnnxOperationsTests
{
    [Fact]
    public void Members_of_lists_are_written_one_after_another_under_their_own_names()
    {
        manual_seed(9);
        using var tower = new Tower();
        var writer = new OnnxWriter().Register<Tower>((module, input, scope) => scope.WriteInTurn("named", module.Named, scope.WriteInTurn("floors", module.Floors, input)));
        byte[] file = Parity.Holds(new Drawn(tower, 5), writer, 1, 1, 3);
        var names = Edge.Trainer.Onnx.Protocol.ModelProto.Parser.ParseFrom(file).Graph.Initializer.Select(tensor => tensor.Name);
        Assert.Equal(tower.state_dict().Keys.Order(StringComparer.Ordinal), names.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("Add", "[batch, 4, 6] and [batch, 5, 6] do not go together.")]
    [InlineData("MatMul", "the product of a [batch, 4, 6] and b [batch, 5, 6] is not defined.")]
    [InlineData("Transpose", "[0, 0, 1] is no order of the axes of a [batch, 4, 6].")]
    [InlineData("Reshape", "a [batch, 4, 6] cannot be reshaped to [batch, 25]: the numbers of elements differ.")]
    [InlineData("Concat", "b [batch, 5, 6] does not go beside a [batch, 4, 6] along axis 2.")]
    [InlineData("Slice", "a [batch, 4, 6] has no elements 2 to 9 on axis 1.")]
    [InlineData("Take", "a [batch, 4, 6] has no element 0 on axis 0.")]
    [InlineData("Mean", "a [batch, 4, 6] has no axis 3.")]
    public void An_operation_that_its_values_do_not_allow_is_refused_at_the_module_s_place(string operation, string reason)
    {
        var graph = new OnnxGraph("operations");
        OnnxValue a = graph.Input("a", ["batch", 4, 6]), b = graph.Input("b", ["batch", 5, 6]);
        var writer = new OnnxWriter().Register<ReLU>((_, value, scope) => operation switch
        {
            "Add" => scope.Add(value, b),
            "MatMul" => scope.MatMul(value, b),
            "Transpose" => scope.Transpose(value, 0, 0, 1),
            "Reshape" => scope.Reshape(value, "batch", 25),
            "Concat" => scope.Concat(-1, value, b),
            "Slice" => scope.Slice(value, 1, 2, 9),
            "Take" => scope.Take(value, 0, 0),
            _ => scope.Mean(value, 3),
        });
        using var module = ReLU();
        var refusal = Assert.Throws<OnnxExportException>(() => writer.Write(module, a, graph, "place"));
        Assert.Equal("place", refusal.Path);
        Assert.Equal(reason, refusal.Reason);
    }

    [Fact]
    public void An_axis_of_any_length_may_move_in_a_reshape()
    {
        var graph = new OnnxGraph("reshape");
        var writer = new OnnxWriter().Register<ReLU>((_, value, scope) => scope.Reshape(value, 2, "batch", 3));
        using var module = ReLU();
        graph.Output("output", writer.Write(module, graph.Input("input", ["batch", 6]), graph));
        using var model = new OrtModel(graph.ToBytes("test", "0"));
        Assert.Equal([2, 5, 3], model.Run(("input", new float[30], [5, 6]))["output"].Shape);
    }

    private sealed class Tower : Module<Tensor, Tensor>
    {
        private readonly ModuleList<Module<Tensor, Tensor>> floors = ModuleList<Module<Tensor, Tensor>>(Linear(5, 4), Tanh());
        private readonly ModuleDict<Module<Tensor, Tensor>> named = ModuleDict(("head", (Module<Tensor, Tensor>)Linear(4, 2)));

        public Tower()
            : base(nameof(Tower)) => RegisterComponents();

        public ModuleList<Module<Tensor, Tensor>> Floors => floors;

        public ModuleDict<Module<Tensor, Tensor>> Named => named;

        public override Tensor forward(Tensor input) => named["head"].forward(floors[1].forward(floors[0].forward(input)));
    }
}
