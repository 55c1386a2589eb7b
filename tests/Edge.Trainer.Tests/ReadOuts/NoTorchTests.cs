using System.Reflection;
using Edge.Trainer.ReadOuts;

namespace Edge.Trainer.Tests.ReadOuts;

public class NoTorchTests
{
    private const BindingFlags Everything = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    [Fact]
    public void Read_outs_hold_no_torch_type_so_the_service_can_use_them_without_libtorch()
    {
        Type[] types = [.. typeof(RidgeSolver).Assembly.GetTypes().Where(type => type.Namespace == typeof(RidgeSolver).Namespace)];
        Assert.True(types.Length > 12);
        foreach (var type in types)
        {
            IEnumerable<MethodBase> methods = [.. type.GetMethods(Everything), .. type.GetConstructors(Everything)];
            IEnumerable<Type> used = [.. type.GetFields(Everything).Select(f => f.FieldType), .. methods.SelectMany(m => m.GetParameters()).Select(p => p.ParameterType), .. methods.SelectMany(m => m.GetMethodBody()?.LocalVariables ?? []).Select(l => l.LocalType)];
            Assert.DoesNotContain(used, t => t.Assembly.GetName().Name!.StartsWith("TorchSharp", StringComparison.Ordinal));
        }
    }
}
