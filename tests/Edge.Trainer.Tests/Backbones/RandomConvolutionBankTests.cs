using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Edge.Storage;
using Edge.Trainer.Backbones;
using Edge.Trainer.Tests.Onnx;
using static TorchSharp.torch;

namespace Edge.Trainer.Tests.Backbones;

[Collection(TorchGeneratorCollection.Name)]
public class RandomConvolutionBankTests
{
    [Theory]
    [InlineData(9, 128, 1249)]
    [InlineData(1, 16, 276)] // one dilation: 2 x 8 groups x 8 kernels x 2, and 20 statistics
    [InlineData(12, 29, 812)] // JapaneseVowels
    [InlineData(4, 65, 1104)] // ERing
    [InlineData(6, 100, 1174)] // BasicMotions
    [InlineData(1, 361, 1044)] // PickupGesture
    [InlineData(3, 9, 319)] // as short as a kernel; four frequencies are four bands
    public void Windows_of_any_channels_and_length_become_as_many_features_as_it_says(int channelCount, int length, int featureLength)
    {
        using var scope = NewDisposeScope();
        var bank = FrozenBank.Create(new WindowShape(channelCount, length, 50));
        var features = bank.forward(randn(3, channelCount, length));
        Assert.Equal(featureLength, bank.FeatureLength);
        Assert.Equal([3, featureLength], features.shape);
        Assert.True(features.isfinite().all().item<bool>());
    }

    [Theory]
    [InlineData(0, 1249)]
    [InlineData(737, 737)]
    [InlineData(800, 737)]
    [InlineData(1, 353)]
    [InlineData(4000, 3937)]
    public void The_size_is_met_from_below(int size, int featureLength) =>
        Assert.Equal(featureLength, FrozenBank.Create(new WindowShape(9, 128, 50), 1, size).FeatureLength);

    [Theory]
    [InlineData(9, new[] { 1 })]
    [InlineData(16, new[] { 1 })]
    [InlineData(17, new[] { 1, 2 })]
    [InlineData(128, new[] { 1, 2, 4, 8 })]
    [InlineData(129, new[] { 1, 2, 8, 16 })]
    [InlineData(361, new[] { 1, 4, 8, 32 })]
    public void Dilations_are_powers_of_two_spread_over_what_fits(int length, int[] dilations) =>
        Assert.Equal(dilations, new RandomConvolutionBankOptions().DilationsFor(length));

    [Fact]
    public void The_kernels_of_a_seed_are_the_same_for_ever()
    {
        using var scope = NewDisposeScope();
        var kernels = new RandomConvolutionBank(9, 128).Kernels;
        Assert.Equal("FCCA9E9546DDBE12", Checksum(kernels));
        Assert.NotEqual(Checksum(kernels), Checksum(new RandomConvolutionBank(9, 128, new RandomConvolutionBankOptions { Seed = 2 }).Kernels));

        static string Checksum(CompetingKernels kernels) => Convert.ToHexString(SHA256.HashData(
            [.. MemoryMarshal.AsBytes(kernels.Kernels.data<float>().ToArray().AsSpan()), .. MemoryMarshal.AsBytes(kernels.Sources.SelectMany(source => source).ToArray().AsSpan())]))[..16];
    }

    [Fact]
    public void Every_kernel_is_mean_free_per_channel_and_its_magnitudes_sum_to_one()
    {
        using var scope = NewDisposeScope();
        var kernels = new RandomConvolutionBank(9, 128).Kernels.Kernels;
        Assert.Equal([4, 128, 3, 9], kernels.shape);
        Assert.True(kernels.mean([3]).abs().max().item<float>() < 1e-8);
        Assert.True(kernels.abs().sum([2, 3]).allclose(ones(4, 128), 1e-6, 1e-6));
    }

    [Fact]
    public void Features_are_the_roots_of_the_winners_sums_and_counts_worked_out_step_by_step()
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        var options = new RandomConvolutionBankOptions { GroupCount = 1, KernelsPerGroup = 3, KernelLength = 3, Dilations = [2] };
        var bank = new CompetingKernels(1, 8, options);
        var window = randn(1, 1, 8);
        float[] x = window.data<float>().ToArray(), w = bank.Kernels.data<float>().ToArray(), features = bank.forward(window).data<float>().ToArray();
        double[][] series = [[.. x.Select(v => v - (double)x[0])], [0, .. x.Zip(x.Skip(1), (a, b) => (double)b - a)]];
        double[] expected = new double[12];
        for (int s = 0; s < 2; s++)
            for (int t = 0; t < 8; t++)
            {
                double[] response = [.. Enumerable.Range(0, 3).Select(k => Enumerable.Range(0, 3).Sum(tap => t + 2 * (tap - 1) is >= 0 and < 8 and var at ? w[(s * 3 + k) * 3 + tap] * series[s][at] : 0))];
                for (int k = 0; k < 3; k++)
                {
                    if (response[k] == response.Max()) expected[s * 3 + k] += Math.Max(0, response[k]);
                    if (response[k] == response.Min()) expected[6 + s * 3 + k]++;
                }
            }

        for (int i = 0; i < 12; i++) Assert.Equal(Math.Sqrt(expected[i]), features[i], 1e-5);
        Assert.Equal(12, features.Length);
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(1f)]
    [InlineData(-12345.678f)]
    public void A_constant_window_has_finite_features_and_no_deviation(float value)
    {
        using var scope = NewDisposeScope();
        var bank = new RandomConvolutionBank(9, 128);
        var features = bank.forward(full([2, 9, 128], value));
        Assert.True(features.isfinite().all().item<bool>());
        Assert.Equal(0, features[0, TensorIndex.Slice(0, 512)].abs().max().item<float>()); // no response, so nothing to sum
        var deviations = bank.Statistics!.forward(full([1, 9, 128], value))[0, TensorIndex.Slice(96, 108)];
        Assert.Equal(0, deviations.abs().max().item<float>());
    }

    [Fact]
    public void The_random_part_does_not_see_an_offset()
    {
        using var scope = NewDisposeScope();
        manual_seed(5);
        var kernels = new RandomConvolutionBank(3, 64).Kernels;
        var windows = randint(-8, 8, [4, 3, 64]).to(ScalarType.Float32);
        Assert.True(kernels.forward(windows).Equals(kernels.forward(windows + 64)));
    }

    [Fact]
    public void A_sine_shows_in_the_band_of_its_frequency_alone()
    {
        using var scope = NewDisposeScope();
        var statistics = new WindowStatistics(1, 128);
        Assert.Equal(20, statistics.FeatureLength);
        var wave = (arange(128).to(ScalarType.Float32) * (2 * Math.PI * 20 / 128)).sin().view(1, 1, 128);
        float[] powers = statistics.forward(wave)[0, TensorIndex.Slice(12)].data<float>().ToArray();
        Assert.Equal(5, Array.IndexOf(powers, powers.Max())); // edges 1 2 3 5 8 14 23 39 65: frequencies 14 to 22 are the sixth
        Assert.All(powers.Where((_, band) => band != 5), power => Assert.True(power < powers.Max() - 10));
    }

    [Fact]
    public void There_is_nothing_to_train()
    {
        var bank = new RandomConvolutionBank(9, 128);
        Assert.Empty(bank.parameters());
        using var windows = randn([2, 9, 128], requires_grad: true);
        using var features = bank.forward(windows);
        Assert.False(features.requires_grad);
    }

    [Fact]
    public void Making_features_leaves_no_tensor_behind()
    {
        using var bank = new RandomConvolutionBank(9, 128);
        using var windows = randn(40, 9, 128);
        bank.forward(windows).Dispose();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        long before = Tensor.TotalCount;
        for (int n = 0; n < 3; n++) bank.forward(windows).Dispose();
        Assert.Equal(before, Tensor.TotalCount);
    }

    [Fact]
    public void Options_that_do_not_fit_are_refused_with_value_and_remedy()
    {
        Refused("GroupCount is 0. It must be 1 or more.", new() { GroupCount = 0 });
        Refused("KernelsPerGroup is 1. It must be 2 or more: kernels compete.", new() { KernelsPerGroup = 1 });
        Refused("KernelLength is 8. It must be odd and 3 or more.", new() { KernelLength = 8 });
        Refused("A window has 16 samples, a kernel of 17 does not fit. Use longer windows or a smaller KernelLength.", new() { KernelLength = 17 });
        Refused("Dilation 2 is not from 1 to 1, with which a kernel of 9 fits into 16 samples.", new() { Dilations = [1, 2] });
        Refused("Dilations is empty. Name at least one, or leave it out.", new() { Dilations = [] });
        using var bank = new RandomConvolutionBank(9, 128);
        using var windows = zeros(1, 9, 64);
        Assert.StartsWith("The bank takes [batch, 9, 128] and gets [1, 9, 64].", Assert.Throws<ArgumentException>(() => bank.forward(windows)).Message, StringComparison.Ordinal);

        static void Refused(string text, RandomConvolutionBankOptions options) => Assert.Equal(text, Assert.Throws<ArgumentException>(() => new RandomConvolutionBank(3, 16, options)).Message);
    }

    [Fact]
    public void Ridge_on_it_finds_the_activity_of_new_people()
    {
        string archive = Found();
        using var scope = NewDisposeScope();
        var train = UciHarArchive.Read(archive, "train");
        var test = UciHarArchive.Read(archive, "test");
        var bank = FrozenBank.Create(UciHarArchive.Window);

        // Every third training window, half of the test windows: 4 s instead of 13. All of them: 98.6 %.
        var (trainRows, trainClasses) = Every(3, train);
        var (testRows, testClasses) = Every(2, test);
        double accuracy = FrozenRidge.Accuracy(bank.forward(trainRows), trainClasses, bank.forward(testRows), testClasses, lambda: 30);
        Assert.True(accuracy >= 97, accuracy.ToString("f2", CultureInfo.InvariantCulture));

        static (Tensor, int[]) Every(int nth, LabelledWindows windows)
        {
            int[] kept = [.. Enumerable.Range(0, windows.Count).Where(i => i % nth == 0)];
            return (tensor([.. kept.SelectMany(i => windows[i].ToArray())], [kept.Length, 9, 128]), [.. kept.Select(i => windows.Classes[i])]);
        }

        static string Found()
        {
            try
            {
                return UciHarArchive.Locate("");
            }
            catch (FileNotFoundException e)
            {
                Assert.Skip(e.Message);
                return "";
            }
        }
    }
}
