using System.Diagnostics.Metrics;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Edge.LinkVictim;
using Edge.Telemetry.Metrics;
using Edge.Telemetry.Tests.Mqtt;

namespace Edge.Telemetry.Tests.Metrics;

/// <summary>The meter "Edge", and the two ways in which it leaves the process. One after the other: a meter is seen by every listener of the process.</summary>
[Collection(nameof(MetricsTests))]
public sealed partial class MetricsTests
{
    private static readonly HttpClient Client = new();

    [Fact]
    public async Task Prometheus_scrapes_every_instrument_under_its_published_name_with_its_value()
    {
        Exposition scraped = await ScrapeAsync(Readings.Of());
        foreach (InstrumentRow row in DeviceMeter.Table)
        {
            Sample[] samples = [.. scraped.Samples.Where(sample => sample.Name == row.PrometheusName)];
            Assert.True(samples.Length > 0, $"{row.Name} is not there as {row.PrometheusName}, but: {string.Join(", ", scraped.Samples.Select(sample => sample.Name).Distinct())}");
            Assert.Equal(row.Kind == InstrumentKind.Counter ? "counter" : "gauge", scraped.Types[row.PrometheusName]);
            Assert.Equal(row.Description, scraped.Helps[row.PrometheusName]);
            Assert.Equal(
                row.Read(Readings.Of()).Select(one => (row.Tag is null ? "" : $"{row.Tag}=\"{one.Tags[0].Value}\"", one.Value)).Order(),
                samples.Select(sample => (sample.Labels, sample.Value)).Order());
        }

        Assert.Contains("service_instance_id=\"pump-7\"", Assert.Single(scraped.Samples, sample => sample.Name == "target_info").Labels);
        Assert.Equal(DeviceMeter.Table.Select(row => row.PrometheusName).Append("target_info").Order(), scraped.Samples.Select(sample => sample.Name).Distinct().Order());
    }

    [Fact]
    public async Task What_has_no_value_yet_is_left_out_rather_than_0()
    {
        Exposition scraped = await ScrapeAsync(Readings.OfNothing());
        Assert.Equal(0, scraped.Value("edge_windows_seen_total"));
        Assert.Equal(0, scraped.Value("edge_predictions_total", "class=\"sitting\""));
        Assert.DoesNotContain(scraped.Samples, sample => sample.Name.StartsWith("edge_anchor", StringComparison.Ordinal) || sample.Name.StartsWith("edge_link", StringComparison.Ordinal) || sample.Name == "edge_latency_seconds");
    }

    [Fact]
    public async Task A_class_name_with_quotes_and_backslashes_stays_one_label()
    {
        Exposition scraped = await ScrapeAsync(Readings.Of() with { PredictionsByClass = new Dictionary<string, long> { ["a\"b\\c"] = 5 } });
        Assert.Equal(5, scraped.Value("edge_predictions_total", """class="a\"b\\c" """.TrimEnd()));
    }

    [Fact]
    public void A_port_that_is_taken_is_named_with_what_to_do()
    {
        int port = Ports.Free();
        MetricsExportOptions options = new() { DeviceId = "pump-7", Version = "1", PrometheusAddress = "127.0.0.1", PrometheusPort = port };
        using MetricsExport? first = MetricsExport.Start(options);
        IOException refused = Assert.Throws<IOException>(() => MetricsExport.Start(options));
        Assert.StartsWith($"Prometheus cannot be served on 127.0.0.1:{port}: ", refused.Message);
        Assert.Contains("Set metrics.prometheusPort to a free port", refused.Message);
    }

    [Fact]
    public void With_everything_off_nothing_is_started_and_nothing_is_read()
    {
        int reads = 0;
        using DeviceMeter meter = new("1", () => Readings.Of(++reads), TimeProvider.System);
        Assert.Null(MetricsExport.Start(new MetricsExportOptions { DeviceId = "pump-7", Version = "1" }));
        Assert.Equal(0, reads);
    }

    [Fact]
    public void One_collection_takes_one_set_of_readings()
    {
        int reads = 0, values = 0;
        using DeviceMeter meter = new("1", () => Readings.Of(++reads), new Microsoft.Extensions.Time.Testing.FakeTimeProvider());
        using MeterListener listener = new() { InstrumentPublished = (instrument, self) => { if (instrument.Meter.Name == DeviceMeter.Name) self.EnableMeasurementEvents(instrument); } };
        listener.SetMeasurementEventCallback<double>((_, _, _, _) => values++);
        listener.Start();
        listener.RecordObservableInstruments();
        Assert.Equal(1, reads);
        Assert.Equal(DeviceMeter.Table.Sum(row => row.Read(Readings.Of()).Count()), values);
    }

    [Fact]
    public async Task A_collector_receives_the_meter_by_otlp_over_http()
    {
        string prefix = $"http://127.0.0.1:{Ports.Free()}/";
        using HttpListener collector = new() { Prefixes = { prefix } };
        collector.Start();
        using DeviceMeter meter = new("1", () => Readings.Of(), TimeProvider.System);
        using MetricsExport? export = MetricsExport.Start(new MetricsExportOptions { DeviceId = "pump-7", Version = "1", OtlpEndpoint = new Uri(prefix), OtlpInterval = TimeSpan.FromMilliseconds(50) });
        HttpListenerRequest request;
        string text;
        int exports = 0;
        do (request, text) = await ReceiveAsync(collector);
        while (!text.Contains(DeviceMeter.Table[^1].Name) && ++exports < 20); // The SDK enlists the instruments one by one while its clock already runs: the first export may lack some.

        Assert.Equal("/v1/metrics", request.Url!.AbsolutePath);
        Assert.Equal("application/x-protobuf", request.ContentType);
        Assert.All(DeviceMeter.Table, row => Assert.Contains($"\n{(char)row.Name.Length}{row.Name}", text)); // Metric.name: field 1, length, text.
        Assert.Contains("pump-7", text);
        Assert.Contains("walking", text);
    }

    [Fact]
    public async Task A_collector_receives_the_meter_by_otlp_over_grpc()
    {
        await using GrpcCollector collector = new();
        using DeviceMeter meter = new("1", () => Readings.Of(), TimeProvider.System);
        using MetricsExport? export = MetricsExport.Start(new MetricsExportOptions { DeviceId = "pump-7", Version = "1", OtlpEndpoint = collector.Address, OtlpOverGrpc = true, OtlpInterval = TimeSpan.FromMilliseconds(50) });
        GrpcExport received;
        int exports = 0;
        do received = await collector.Exports.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Eventually.Limit, TestContext.Current.CancellationToken);
        while (!received.Text.Contains(DeviceMeter.Table[^1].Name) && ++exports < 20); // As above.

        Assert.Contains("/opentelemetry.proto.collector.metrics.v1.MetricsService/Export", received.Headers);
        Assert.Contains("application/grpc", received.Headers);
        Assert.Equal((0, received.Text.Length), (received.Compression, received.Length));
        Assert.All(DeviceMeter.Table, row => Assert.Contains($"\n{(char)row.Name.Length}{row.Name}", received.Text)); // Metric.name: field 1, length, text.
        Assert.Contains("pump-7", received.Text);
    }

    [Fact]
    public void The_table_of_the_readme_is_that_of_the_code()
    {
        StringBuilder table = new("| instrument | kind | unit | in Prometheus | |\n|---|---|---|---|---|\n");
        foreach (InstrumentRow row in DeviceMeter.Table)
        {
            table.Append($"| `{row.Name}` | {(row.Kind == InstrumentKind.Counter ? "counter" : "gauge")} | `{row.Unit}` | `{row.PrometheusName}{(row.Tag is null ? "" : $"{{{row.Tag}}}")}` | {row.Description} |\n");
        }

        Assert.True(ReadmeTests.Readme.Contains(table.ToString(), StringComparison.Ordinal), $"Telemetry/README.md should contain:\n{table}");
    }

    [Fact]
    public void Names_are_lower_case_words_parted_by_dots_and_said_once()
    {
        Assert.All(DeviceMeter.Table, row => Assert.Matches(InstrumentName(), row.Name));
        Assert.Equal(DeviceMeter.Table.Count, DeviceMeter.Table.Select(row => row.Name).Distinct().Count());
    }

    private static async Task<(HttpListenerRequest Request, string Text)> ReceiveAsync(HttpListener collector)
    {
        HttpListenerContext context = await collector.GetContextAsync().WaitAsync(TestContext.Current.CancellationToken);
        using MemoryStream body = new();
        await context.Request.InputStream.CopyToAsync(body, TestContext.Current.CancellationToken);
        context.Response.Close();
        return (context.Request, Encoding.Latin1.GetString(body.ToArray())); // Names lie in protobuf as they are.
    }

    private static async Task<Exposition> ScrapeAsync(DeviceReadings readings)
    {
        int port = Ports.Free();
        using DeviceMeter meter = new("1", () => readings, TimeProvider.System);
        using MetricsExport? export = MetricsExport.Start(new MetricsExportOptions { DeviceId = "pump-7", Version = "1", PrometheusAddress = "127.0.0.1", PrometheusPort = port });
        return Exposition.Parse(await Client.GetStringAsync($"http://127.0.0.1:{port}/metrics", TestContext.Current.CancellationToken));
    }

    [GeneratedRegex("^edge(\\.[a-z][a-z_]*)+$")]
    private static partial Regex InstrumentName();
}
