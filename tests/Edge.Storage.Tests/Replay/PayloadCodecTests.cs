namespace Edge.Storage.Tests.Replay;

public class PayloadCodecTests
{
    public static TheoryData<int, int> Shapes => new() { { 1, 0 }, { 1, 1 }, { 3, 1 }, { 2, 7 }, { 1, 16 }, { 9, 128 }, { 5, 33 }, { 1, 1000 } };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Float32_is_exact_to_the_bit(int channels, int length)
    {
        float[] values = [.. Signals(channels, length, 1).Select((v, i) => i % 5 == 4 ? BitConverter.Int32BitsToSingle(i * 0x01234567) : v)];
        Assert.Equal(PayloadKind.Float32, PayloadCodec.KindFor(PayloadKind.Float32, values, channels));
        Assert.Equal(values.Select(BitConverter.SingleToInt32Bits), RoundTrip(PayloadKind.Float32, values, channels).Select(BitConverter.SingleToInt32Bits));
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Float16_errs_by_half_a_unit_in_the_last_place_at_most(int channels, int length)
    {
        for (int seed = 0; seed < 40; seed++)
        {
            float[] values = Signals(channels, length, seed, largest: 65_504);
            Assert.Equal(PayloadKind.Float16, PayloadCodec.KindFor(PayloadKind.Float16, values, channels));
            float[] read = RoundTrip(PayloadKind.Float16, values, channels);
            for (int i = 0; i < values.Length; i++) Assert.True(Math.Abs((double)read[i] - values[i]) <= Math.Max(Math.Abs((double)values[i]) / 2048, Math.ScaleB(1, -25)), $"{values[i]} became {read[i]}");
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Int16_errs_by_half_a_step_of_its_channel_and_a_rounding_at_most(int channels, int length)
    {
        for (int seed = 0; seed < 40; seed++)
        {
            float[] values = Signals(channels, length, seed, largest: 1e37f);
            Assert.Equal(PayloadKind.Int16, PayloadCodec.KindFor(PayloadKind.Int16, values, channels));
            AssertWithinHalfAStep(values, RoundTrip(PayloadKind.Int16, values, channels), channels);
        }
    }

    [Theory]
    [InlineData(0, 1e-45f)] // One step above 0.
    [InlineData(0, 1e-40f)]
    [InlineData(1, 1.0000001f)]
    [InlineData(1000, 1000.0005f)]
    [InlineData(-1e30f, -0.99999e30f)]
    [InlineData(-1.7e38f, 1.7e38f)]
    [InlineData(3.4e38f, 3.4028e38f)]
    [InlineData(-1, 1e9f)]
    public void Int16_keeps_its_bound_for_narrow_wide_tiny_and_huge_ranges(float least, float most)
    {
        var random = new Random(3);
        float[] values = [least, most, .. Enumerable.Range(0, 61).Select(_ => Math.Clamp((float)(least + ((double)most - least) * random.NextDouble()), least, most))];
        Assert.Equal(PayloadKind.Int16, PayloadCodec.KindFor(PayloadKind.Int16, values, 1));
        AssertWithinHalfAStep(values, RoundTrip(PayloadKind.Int16, values, 1), 1);
    }

    [Fact]
    public void A_constant_channel_is_exact_in_Int16()
    {
        float[] values = [.. Enumerable.Repeat(0.1f, 40), .. Enumerable.Repeat(-3e38f, 40), .. Enumerable.Repeat(0f, 40)];
        Assert.Equal(values, RoundTrip(PayloadKind.Int16, values, 3));
    }

    [Fact]
    public void Channels_do_not_touch_each_others_accuracy()
    {
        float[] quiet = Signals(1, 128, 5, largest: 1e-3f), values = [.. Signals(1, 128, 4, largest: 1e6f), .. quiet];
        Assert.Equal(RoundTrip(PayloadKind.Int16, quiet, 1), RoundTrip(PayloadKind.Int16, values, 2)[128..]);
    }

    [Theory]
    [InlineData(PayloadKind.Int16, float.NaN)]
    [InlineData(PayloadKind.Int16, float.PositiveInfinity)]
    [InlineData(PayloadKind.Int16, float.NegativeInfinity)]
    [InlineData(PayloadKind.Int16, -3e38f)] // With 3e38 a range that float32 cannot say.
    [InlineData(PayloadKind.Float16, 65_520f)]
    [InlineData(PayloadKind.Float16, -3e38f)]
    public void What_a_kind_cannot_hold_is_stored_as_Float32(PayloadKind kind, float value)
    {
        for (int place = 0; place < 40; place++)
        {
            float[] values = new float[40];
            values[39 - place] = kind == PayloadKind.Int16 ? 3e38f : float.NaN; // NaN must not hide what is too large.
            values[place] = value;
            Assert.Equal(PayloadKind.Float32, PayloadCodec.KindFor(kind, values, 1));
            var example = Samples.One("a", 1) with { Samples = values };
            Assert.Equal(values, ExampleRecord.Read(ExampleRecord.Write(example, kind, 1), 0)!.Samples);
        }
    }

    [Fact]
    public void Float16_keeps_what_is_not_finite()
    {
        float[] values = [float.NaN, float.PositiveInfinity, float.NegativeInfinity, -0f];
        Assert.Equal(PayloadKind.Float16, PayloadCodec.KindFor(PayloadKind.Float16, values, 1));
        Assert.Equal(values, RoundTrip(PayloadKind.Float16, values, 1));
    }

    [Fact]
    public void Values_that_are_no_multiple_of_the_channels_count_as_one_channel()
    {
        var example = Samples.One("a", 1, valueCount: 10);
        byte[] bytes = ExampleRecord.Write(example, PayloadKind.Int16, 3);
        Assert.Equal(10 * 2 + 8, ExampleRecord.PayloadBytesOf(bytes));
        AssertWithinHalfAStep(example.Samples, ExampleRecord.Read(bytes, 0)!.Samples, 1);
    }

    [Theory]
    [InlineData(PayloadKind.Float32, 4608)]
    [InlineData(PayloadKind.Float16, 2304)]
    [InlineData(PayloadKind.Int16, 2304 + 72)]
    public void Bytes_of_a_window_of_9_channels_and_128_samples(PayloadKind kind, int expected)
    {
        Assert.Equal(expected, PayloadCodec.BytesOf(kind, 1152, 9));
        Assert.Equal(expected, ExampleRecord.PayloadBytesOf(ExampleRecord.Write(Samples.One("walking", 1) with { Samples = Signals(9, 128, 1) }, kind, 9)));
    }

    [Theory]
    [InlineData(PayloadKind.Float32)]
    [InlineData(PayloadKind.Float16)]
    [InlineData(PayloadKind.Int16)]
    public void Encoding_and_decoding_allocate_the_result_and_nothing_else(PayloadKind kind)
    {
        float[] values = Signals(9, 128, 1);
        byte[] bytes = new byte[PayloadCodec.BytesOf(kind, values.Length, 9)];
        for (int warm = 0; warm < 3; warm++) Once();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++) Once();
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        void Once()
        {
            PayloadCodec.Write(PayloadCodec.KindFor(kind, values, 9), values, 9, bytes);
            PayloadCodec.Read(kind, bytes, 9, values);
        }
    }

    private static void AssertWithinHalfAStep(float[] values, float[] read, int channels)
    {
        int length = values.Length / channels;
        for (int c = 0; c < channels && length > 0; c++)
        {
            var channel = values[(c * length)..((c + 1) * length)];
            double halfStep = ((double)channel.Max() - channel.Min()) / 131_068, rounding = MathF.BitIncrement(channel.Max(MathF.Abs)) - (double)channel.Max(MathF.Abs);
            for (int t = 0; t < length; t++)
            {
                double error = Math.Abs((double)read[c * length + t] - channel[t]);
                Assert.True(error <= halfStep * 1.01 + rounding, $"{channel[t]:R} became {read[c * length + t]:R}, half a step is {halfStep:R}");
            }
        }
    }

    private static float[] RoundTrip(PayloadKind kind, float[] values, int channels)
    {
        byte[] bytes = new byte[PayloadCodec.BytesOf(kind, values.Length, channels)];
        PayloadCodec.Write(kind, values, channels, bytes);
        float[] read = new float[values.Length];
        PayloadCodec.Read(kind, bytes, channels, read);
        return read;
    }

    /// <summary>Noise around an offset, with an amplitude of any order of magnitude per channel.</summary>
    private static float[] Signals(int channels, int length, int seed, float largest = 100)
    {
        var random = new Random(seed);
        float[] values = new float[channels * length];
        for (int c = 0; c < channels; c++)
        {
            double amplitude = largest * Math.Pow(10, -9 * random.NextDouble()) / 2, offset = random.Next(2) * random.NextDouble() * largest / 2;
            for (int t = 0; t < length; t++) values[c * length + t] = (float)(offset + amplitude * (2 * random.NextDouble() - 1));
        }

        return values;
    }
}
