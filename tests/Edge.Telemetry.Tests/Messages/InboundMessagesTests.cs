using System.Text;
using Edge.Telemetry.Messages;

namespace Edge.Telemetry.Tests.Messages;

public class InboundMessagesTests
{
    [Fact]
    public void A_label_is_read()
    {
        Assert.Equal(new LabelMessage(42, "walking", null), LabelMessage.Read("""{"windowId":42,"class":"walking"}"""u8.ToArray()).Message);
        byte[] escaped = """{ "requestId" : "r1", "class" : "l\u00e4uft", "\u0077indowId" : 18446744073709551615 }"""u8.ToArray();
        Assert.Equal(new LabelMessage(ulong.MaxValue, "läuft", "r1"), LabelMessage.Read(escaped).Message);
    }

    [Fact]
    public void A_label_may_say_its_version_and_is_refused_with_another_one()
    {
        Assert.True(LabelMessage.Read("""{"schema":"edge.label/1","windowId":42,"class":"walking"}"""u8.ToArray()).IsValid);
        Assert.Equal(
            ["schema: \"edge.label/2\"; expected edge.label/1. Correct the value."],
            LabelMessage.Read("""{"schema":"edge.label/2","windowId":42,"class":"walking"}"""u8.ToArray()).Reasons);
    }

    [Fact]
    public void A_refused_label_lists_every_reason()
    {
        MessageVerdict<LabelMessage> verdict = LabelMessage.Read("""{"windowId":"42","klass":"walking","requestId":1,"requestId":"r"}"""u8.ToArray());

        Assert.False(verdict.IsValid);
        Assert.Equal(
            [
                "klass: \"walking\"; expected only windowId, class, requestId, schema. Remove it or correct its name.",
                "requestId: \"r\"; expected each property once. Remove one of the two.",
                "windowId: \"42\"; expected a whole number, 0 or more. Correct the value.",
                "class: missing; expected a text of 1 to 64 characters. Add it.",
                "requestId: 1; expected a text of 1 to 128 characters. Correct the value.",
            ],
            verdict.Reasons);
    }

    [Theory]
    [InlineData("""{"windowId":-1,"class":"a"}""", "windowId")]
    [InlineData("""{"windowId":1.0,"class":"a"}""", "windowId")]
    [InlineData("""{"windowId":1e3,"class":"a"}""", "windowId")]
    [InlineData("""{"windowId":18446744073709551616,"class":"a"}""", "windowId")]
    [InlineData("""{"windowId":null,"class":"a"}""", "windowId")]
    [InlineData("""{"windowId":1,"class":""}""", "class")]
    [InlineData("""{"windowId":1,"class":["a"]}""", "class")]
    [InlineData("""{"windowId":1,"class":"12345678901234567890123456789012345678901234567890123456789012345"}""", "class")]
    [InlineData("""{"windowId":1,"class":"\ud800"}""", "class")]
    [InlineData("""{"windowId":1,"class":"a","Class":"a"}""", "Class")]
    [InlineData("""{"windowId":1,"class":"a","\udc00":1}""", "\uFFFD")]
    public void A_value_that_does_not_fit_is_refused_with_its_place(string json, string place) =>
        Assert.Equal(place, Assert.Single(LabelMessage.Read(Encoding.UTF8.GetBytes(json)).Problems).Place);

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("nonsense")]
    [InlineData("[]")]
    [InlineData("7")]
    [InlineData("""{"windowId":1,"class":"a"} x""")]
    [InlineData("""{"windowId":1,"class":"a",}""")]
    [InlineData("""{"windowId":1 /* one */,"class":"a"}""")]
    public void What_is_not_one_JSON_object_is_refused_as_a_whole(string text) =>
        Assert.Equal("message", Assert.Single(LabelMessage.Read(Encoding.UTF8.GetBytes(text)).Problems).Place);

    [Fact]
    public void Bytes_that_are_not_text_are_refused() =>
        Assert.Equal("message: not UTF-8; expected a JSON object in UTF-8. Encode the text as UTF-8.", LabelMessage.Read(new byte[] { (byte)'{', 0xC3, 0x28 }).Reasons[0]);

    [Fact]
    public void Garbage_never_throws()
    {
        Random random = new(7);
        byte[] good = """{"windowId":42,"class":"walking","requestId":"r\u00e4"}"""u8.ToArray();
        int refused = 0;
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bytes = (byte[])good.Clone();
            for (int flips = random.Next(1, 4); flips > 0; flips--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            MessageVerdict<LabelMessage> verdict = LabelMessage.Read(bytes.AsMemory(0, random.Next(bytes.Length + 1)));
            Assert.Equal(verdict.IsValid, verdict.Problems.Count == 0);
            refused += verdict.IsValid ? 0 : 1;
        }

        Assert.InRange(refused, 10_000, 20_000);
    }

    [Fact]
    public void More_than_256_KiB_is_refused_by_its_size_alone()
    {
        byte[] tooLarge = Encoding.UTF8.GetBytes("{\"windowId\":42,\"class\":\"walking\"}" + new string(' ', 256 * 1024));

        Assert.Equal([$"message: {tooLarge.Length} bytes; expected at most 262144 bytes. Send less."], LabelMessage.Read(tooLarge).Reasons);
    }
}
