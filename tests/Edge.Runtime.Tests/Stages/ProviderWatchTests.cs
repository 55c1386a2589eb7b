using System.Text.Json;
using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Stages;
using Edge.Runtime.Tests.Inference;
using Edge.Telemetry.Messages;
using Edge.Telemetry.Mqtt;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Edge.Runtime.Tests.Stages;

/// <summary>What an operator hears of providers: in the log once, and in the retained status.</summary>
public sealed class ProviderWatchTests : IDisposable
{
    private readonly DataFolder data = new();
    private readonly FailingCuda cuda = new();
    private readonly FakeTimeProvider time = new();
    private readonly ServiceState state;
    private readonly ProviderChain chain;

    public ProviderWatchTests()
    {
        state = new ServiceState(time);
        chain = new ProviderChain(new InferenceSection()) { Maker = cuda };
    }

    public void Dispose() => data.Dispose();

    [Fact]
    public void The_log_says_once_what_does_not_run_and_once_that_a_provider_failed()
    {
        var log = new Lines();
        using var first = Open();
        using var second = Open();
        ProviderWatch.Begin(chain, log);
        Assert.Equal([1002, 1002, 1002], log.Ids);
        cuda.FailAfter(0);
        first.Score(TestSnapshot.WindowOf("slow", 1));
        second.Score(TestSnapshot.WindowOf("slow", 1));
        Assert.Equal([1002, 1002, 1002, 1020], log.Ids);
        Assert.Equal($"execution provider cuda: it failed while it ran, and the CPU goes on until the service starts again: [ErrorCode:Fail] {FailingCuda.Message}", log.Texts[^1]);
    }

    [Fact]
    public async Task The_retained_status_names_what_runs_and_why_nothing_faster_does_and_comes_again_after_a_failure()
    {
        var sent = new List<JsonElement>();
        var topics = new Topics("edge", "device");
        var reporter = new Reporter(topics, "boot", time, message =>
        {
            lock (sent) sent.Add(JsonDocument.Parse(message.Payload).RootElement);
        });
        using var classifier = Open();
        state.Provider = classifier.Provider;
        ProviderWatch.Begin(chain, NullLogger.Instance);
        using var link = new MqttLink(new MqttLinkOptions { Host = "127.0.0.1", Port = 1, ClientId = "nobody", Subscriptions = [] }, NullLogger<MqttLink>.Instance, TimeProvider.System, new Random(1));
        using var device = new TelemetryRig(data, topics, link, reporter, chain, state, time);
        await device.StartAsync();
        var online = await StatusAsync(0);
        Assert.Equal("cuda", online.GetProperty("provider").GetString());
        Assert.Equal(["tensorrt", "cudaGraph", "ioBinding"], online.GetProperty("providersRefused").EnumerateArray().Select(one => one.GetProperty("provider").GetString()));
        Assert.False(online.TryGetProperty("providerFailures", out _));

        cuda.FailAfter(0);
        classifier.Score(TestSnapshot.WindowOf("slow", 1));
        state.Provider = classifier.Provider; // As the classifier stage says it.
        var failed = await StatusAsync(1);
        Assert.Equal(("cpu", 1), (failed.GetProperty("provider").GetString(), failed.GetProperty("providerFailures").GetInt64()));
        var why = failed.GetProperty("providersRefused").EnumerateArray().Single(one => one.GetProperty("provider").GetString() == "cuda").GetProperty("reason").GetString();
        Assert.EndsWith(FailingCuda.Message, why);
        await device.StopAsync();

        async Task<JsonElement> StatusAsync(int index)
        {
            JsonElement? told = null;
            await device.UntilAsync(() =>
            {
                lock (sent) return (told = sent.Where(message => message.GetProperty("schema").GetString() == StatusMessage.SchemaName).Skip(index).Cast<JsonElement?>().FirstOrDefault()) is not null;
            });
            return told!.Value;
        }
    }

    private Classifier Open() => chain.Open(new GraphFile(TestSnapshot.Write(data)), TestSnapshot.Manifest);

    private sealed class Lines : ILogger
    {
        public List<int> Ids { get; } = [];

        public List<string> Texts { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            Ids.Add(eventId.Id);
            Texts.Add(formatter(state, exception));
        }
    }
}
