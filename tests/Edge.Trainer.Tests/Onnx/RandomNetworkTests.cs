namespace Edge.Trainer.Tests.Onnx;

/// <summary>Two hundred random small networks are exported and compared; half of them with their batch normalisations folded.</summary>
[Collection(TorchGeneratorCollection.Name)]
public class RandomNetworkTests
{
    private const int PerTest = 20;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(9)]
    public void A_random_network_gives_the_same(int tenth)
    {
        for (int seed = tenth * PerTest; seed < (tenth + 1) * PerTest; seed++)
        {
            using var network = RandomNetwork.Draw(seed);
            Parity.Holds(new Drawn(network, network.forward, RandomNetwork.InputShape), RandomNetwork.Writer(seed % 2 == 1), seed, 1, 3);
        }
    }
}
