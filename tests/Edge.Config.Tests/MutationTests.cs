using System.Text;
using NJsonSchema;

namespace Edge.Config.Tests;

public class MutationTests
{
    private const int Count = 2000;
    private static readonly string[] Tokens = ["{", "}", "[", "]", ",", ":", "\"", "null", "true", "-1", "1e999", "0.5", "NaN", "\"\\ud800\"", "\"kind\"",
        "//", "/*", "\\", "\0", "ü"];

    [Fact]
    public async Task No_mutation_of_the_document_makes_the_reader_throw_or_accept_what_the_schema_refuses()
    {
        JsonSchema schema = await JsonSchema.FromJsonAsync(ConfigSchema.Text, TestContext.Current.CancellationToken);
        byte[] original = DeviceConfigFolder.Read("device.json");
        var random = new Random(20260101);
        int accepted = 0;
        for (int i = 0; i < Count; i++)
        {
            byte[] mutated = Mutate(original, random);
            ConfigVerdict verdict = DeviceConfigReader.Read(mutated, "mutated");
            ConfigVerdict merged = DeviceConfigReader.ReadMerged(original, "device.json", mutated, "mutated");

            Assert.Equal(verdict.IsValid, verdict.Problems.Count == 0);
            Assert.All(verdict.Problems.Concat(merged.Problems), p => Assert.DoesNotContain(p.ToString(), char.IsControl));
            if (verdict.IsValid)
            {
                accepted++;
                Assert.True(DeviceConfigReader.Read(verdict.CanonicalUtf8, "canonical").IsValid);
                Assert.Empty(schema.Validate(Encoding.UTF8.GetString(verdict.CanonicalUtf8)));
            }
        }

        // Both outcomes are frequent, or the mutations test nothing.
        Assert.InRange(accepted, Count / 50, Count * 49 / 50);
    }

    private static byte[] Mutate(byte[] original, Random random)
    {
        var bytes = original.ToList();
        for (int edits = random.Next(1, 4); edits > 0; edits--)
        {
            int at = random.Next(bytes.Count);
            switch (random.Next(6))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 40), bytes.Count - at));
                    break;
                case 2:
                    bytes.InsertRange(at, Encoding.UTF8.GetBytes(Tokens[random.Next(Tokens.Length)]));
                    break;
                case 3:
                    int length = Math.Min(random.Next(1, 60), bytes.Count - at);
                    bytes.InsertRange(random.Next(bytes.Count), bytes.GetRange(at, length));
                    break;
                case 4:
                    // Another digit keeps the document JSON, so that ranges and rules are reached.
                    int digit = bytes.FindIndex(at, b => b is >= (byte)'0' and <= (byte)'9');
                    if (digit >= 0)
                    {
                        bytes[digit] = (byte)('0' + random.Next(10));
                    }

                    break;
                default:
                    bytes.InsertRange(at, "/* */"u8.ToArray());
                    break;
            }
        }

        return [.. bytes];
    }
}
