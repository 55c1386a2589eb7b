using System.Reflection;
using System.Reflection.Emit;
using Edge.Trainer.Onnx;

namespace Edge.Trainer.Tests.Onnx;

/// <summary>The exporter could be taken out as a library: nothing in it names anything else of Edge.</summary>
public class StandsAloneTests
{
    private const BindingFlags Everything = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
    private static readonly string s_home = typeof(OnnxWriter).Namespace!;
    private static readonly Dictionary<short, OpCode> s_codes = typeof(OpCodes).GetFields().Select(field => (OpCode)field.GetValue(null)!).ToDictionary(code => code.Value);

    [Fact]
    public void The_exporter_refers_to_nothing_else_of_Edge()
    {
        Type[] types = [.. typeof(OnnxWriter).Assembly.GetTypes().Where(IsAtHome)];
        Assert.True(types.Length > 40);
        var strangers = types.SelectMany(type => ReferredBy(type).Where(IsEdges).Where(other => !IsAtHome(other)).Select(other => $"{type} -> {other}")).Distinct().ToList();
        Assert.Equal([], strangers);
    }

    [Fact]
    public void The_same_look_finds_what_the_classifier_graph_refers_to() // So that the claim above means something.
    {
        var referred = ReferredBy(typeof(Edge.Trainer.Rounds.ClassifierGraph)).ToHashSet();
        Assert.Contains(typeof(OnnxGraph), referred);
        Assert.Contains(typeof(Edge.Storage.WindowShape), referred);
    }

    private static bool IsAtHome(Type type) => type.Namespace is { } space && (space == s_home || space.StartsWith($"{s_home}.", StringComparison.Ordinal));

    // What the compiler adds for itself lies in no namespace, and is not named Edge.
    private static bool IsEdges(Type type) => type.Assembly.GetName().Name!.StartsWith("Edge.", StringComparison.Ordinal) && type.Namespace?.StartsWith("Edge", StringComparison.Ordinal) == true;

    private static IEnumerable<Type> ReferredBy(Type type)
    {
        MethodBase[] methods = [.. type.GetMethods(Everything), .. type.GetConstructors(Everything)];
        IEnumerable<Type?> used =
        [
            type.BaseType,
            .. type.GetInterfaces(),
            .. type.GetFields(Everything).Select(field => field.FieldType),
            .. methods.SelectMany(method => method.GetParameters()).Select(parameter => parameter.ParameterType),
            .. methods.OfType<MethodInfo>().Select(method => method.ReturnType),
            .. methods.SelectMany(method => method.GetMethodBody()?.LocalVariables ?? []).Select(local => local.LocalType),
            .. methods.SelectMany(ReferredIn),
        ];
        return used.OfType<Type>().SelectMany(Unwrapped);
    }

    private static IEnumerable<Type> Unwrapped(Type type) => type.HasElementType
        ? Unwrapped(type.GetElementType()!)
        : type.IsGenericType ? [type.GetGenericTypeDefinition(), .. type.GetGenericArguments().SelectMany(Unwrapped)] : type.IsGenericParameter ? [] : [type];

    // Every metadata token in the method's instructions.
    private static IEnumerable<Type> ReferredIn(MethodBase method)
    {
        byte[] code = method.GetMethodBody()?.GetILAsByteArray() ?? [];
        Type[]? ofType = method.DeclaringType!.IsGenericType ? method.DeclaringType.GetGenericArguments() : null, ofMethod = method.IsGenericMethod ? method.GetGenericArguments() : null;
        for (int at = 0; at < code.Length;)
        {
            short value = code[at++];
            if (value == 0xFE) value = (short)(0xFE00 | code[at++]);
            var instruction = s_codes[value];
            if (instruction.OperandType is OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineType or OperandType.InlineTok)
            {
                var member = method.Module.ResolveMember(BitConverter.ToInt32(code, at), ofType, ofMethod)!;
                yield return member as Type ?? member.DeclaringType ?? typeof(object);
                if (member is MethodInfo { IsGenericMethod: true } generic) foreach (var argument in generic.GetGenericArguments()) yield return argument;
            }

            at += instruction.OperandType switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 + 4 * BitConverter.ToInt32(code, at),
                _ => 4,
            };
        }
    }
}
