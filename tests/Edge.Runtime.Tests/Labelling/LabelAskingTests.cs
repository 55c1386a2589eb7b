using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Labelling;
using Edge.Runtime.Windowing;
using Edge.Storage;
using Edge.Telemetry.Messages;
using Microsoft.Extensions.Time.Testing;

namespace Edge.Runtime.Tests.Labelling;

/// <summary>The device asks for few labels, for the windows that it is most in doubt about, and only for those that can still be answered.</summary>
public class LabelAskingTests
{
    private const double WindowSeconds = 1.28;
    private readonly FakeTimeProvider time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly WindowRing ring = new(1024, s_shape);
    private readonly LabelledWindowSet labelled = new(1024);
    private static readonly WindowShape s_shape = new(1, 8, 50);
    private ulong lastId;

    [Theory]
    [InlineData(1)]
    [InlineData(12)]
    [InlineData(120)]
    public void A_day_of_doubt_has_no_hour_above_the_budget_and_its_burst(int perHour)
    {
        var asking = Asking(perHour);
        var asked = new List<DateTimeOffset>();
        for (int i = 0; i < 24 * 3600 / WindowSeconds; i++)
        {
            if (asking.Note(Next(Prediction.Unknown, 0.9f)) is not null) asked.Add(time.GetUtcNow());
        }

        double burst = Math.Max(1, perHour / 4.0);
        Assert.InRange(asked.Count, 23 * perHour, 24 * perHour + burst);
        foreach (var at in asked) Assert.InRange(asked.Count(other => other >= at && other < at.AddHours(1)), 1, perHour + burst);
        for (int i = 1; i < asked.Count; i++) Assert.True(asked[i] - asked[i - 1] >= TimeSpan.FromHours(0.25 / perHour), "two requests keep a quarter of the mean distance");
    }

    [Fact]
    public void A_quiet_night_saves_up_a_quarter_of_an_hour_and_no_more()
    {
        var asking = Asking(12);
        time.Advance(TimeSpan.FromHours(8));
        var start = time.GetUtcNow();
        int inTenMinutes = 0;
        while (time.GetUtcNow() < start.AddMinutes(10)) inTenMinutes += asking.Note(Next(Prediction.Unknown, 0.9f)) is null ? 0 : 1;
        Assert.Equal(4, inTenMinutes); // Three saved up, one earned since the first was spent.
    }

    [Fact]
    public void With_zero_an_hour_it_never_asks()
    {
        var asking = Asking(0);
        for (int i = 0; i < 10_000; i++) Assert.Null(asking.Note(Next(Prediction.Unknown, 2)));
    }

    [Fact]
    public void Of_some_seconds_the_most_novel_window_is_asked_for_and_an_unknown_one_before_a_narrow_one()
    {
        var asking = Asking(12);
        var windows = new[] { Next("walking", 0.1f, margin: 0.01f), Next(Prediction.Unknown, 0.5f), Next(Prediction.Unknown, 0.8f), Next("walking", 0.1f, margin: 0.001f), Next(Prediction.Unknown, 0.6f) };
        LabelRequestMessage? request = null;
        foreach (var window in windows) request ??= Note(asking, window);
        Assert.Null(request);
        request = UntilAsked(asking);
        Assert.Equal((windows[2].WindowId, LabelRequestReason.Unknown), (request.WindowId, request.Reason));
        Assert.Equal(0.8, request.Novelty!.Value, 1e-6);
    }

    [Fact]
    public void Where_none_is_unknown_the_narrowest_margin_is_asked_for_with_the_classes_it_lies_between()
    {
        var asking = Asking(12);
        Assert.Null(Note(asking, Next("walking", 0.1f, margin: 0.15f)));
        var narrow = Next("walking", 0.1f, margin: 0.02f);
        Assert.Null(Note(asking, narrow));
        Assert.Null(Note(asking, Next("walking", 0.1f, margin: 0.5f)));
        var request = UntilAsked(asking);
        Assert.Equal((narrow.WindowId, LabelRequestReason.LowMargin), (request.WindowId, request.Reason));
        Assert.Equal(0.02, request.Margin!.Value, 1e-6);
        Assert.Equal(["walking", "sitting"], request.Candidates.Select(c => c.Class));
    }

    [Fact]
    public void A_sure_device_does_not_ask()
    {
        var asking = Asking(3600);
        for (int i = 0; i < 5000; i++) Assert.Null(asking.Note(Next("walking", 0.1f, margin: 0.9f)));
    }

    [Fact]
    public void A_window_that_has_got_a_label_meanwhile_is_not_asked_for_but_the_next_best_is()
    {
        var asking = Asking(12);
        var best = Next(Prediction.Unknown, 0.9f);
        Note(asking, best);
        var second = Next(Prediction.Unknown, 0.5f);
        Note(asking, second);
        labelled.Set(new LabelOutcome(new LabelRequest(best.WindowId, "walking", "sensor"), null, null));
        Assert.Equal(second.WindowId, UntilAsked(asking).WindowId);
    }

    [Fact]
    public void A_sensor_that_labels_every_window_two_seconds_late_is_asked_within_the_budget_all_the_same()
    {
        var asking = Asking(12);
        int count = 0;
        for (int i = 0; i < 3600 / WindowSeconds; i++)
        {
            var doubtful = Next(Prediction.Unknown, 0.9f - 0.0001f * i); // Every one less novel than those before it, which have a label.
            if (lastId > 2) labelled.Set(new LabelOutcome(new LabelRequest(lastId - 2, "walking", "sensor"), null, null));
            if (asking.Note(doubtful) is { } request)
            {
                count++;
                Assert.Null(labelled.Find(request.WindowId));
            }
        }

        Assert.InRange(count, 11, 15);
    }

    [Fact]
    public void What_all_got_labels_costs_none_of_the_budget()
    {
        var asking = Asking(1);
        var one = Next(Prediction.Unknown, 0.9f);
        Note(asking, one);
        labelled.Set(new LabelOutcome(new LabelRequest(one.WindowId, "walking", "sensor"), null, null));
        for (int i = 0; i < 20; i++) Assert.Null(asking.Note(Next("walking", 0.1f, margin: 0.9f)));
        Note(asking, Next(Prediction.Unknown, 0.9f));
        UntilAsked(asking);
    }

    [Fact]
    public void A_window_is_answerable_as_long_as_the_ring_holds_it()
    {
        var asking = Asking(12);
        Note(asking, Next(Prediction.Unknown, 0.9f));
        var request = UntilAsked(asking);
        Assert.NotNull(ring.Find(request.WindowId));
        while (time.GetUtcNow().AddSeconds(WindowSeconds) < request.AnswerableUntil)
        {
            Next("walking", 0.1f);
            Assert.NotNull(ring.Find(request.WindowId));
        }

        for (int i = 0; i < 3; i++) Next("walking", 0.1f);
        Assert.Null(ring.Find(request.WindowId));
    }

    [Fact]
    public void A_window_that_a_fast_stream_has_pushed_out_is_not_asked_for()
    {
        var asking = Asking(12);
        var first = Next(Prediction.Unknown, 0.9f);
        asking.Note(first);
        for (int i = 0; i < 1024; i++) Keep(++lastId);
        time.Advance(TimeSpan.FromSeconds(11));
        Assert.Null(asking.Note(Next("walking", 0.1f, margin: 0.9f)));
    }

    [Fact]
    public void An_answer_counts_once()
    {
        var asking = Asking(12);
        Note(asking, Next(Prediction.Unknown, 0.9f));
        ulong id = UntilAsked(asking).WindowId;
        Assert.Equal(1, asking.OpenCount);
        Assert.False(asking.Answered(id + 1));
        Assert.True(asking.Answered(id));
        Assert.False(asking.Answered(id));
        Assert.Equal(0, asking.OpenCount);
    }

    [Fact]
    public void A_prediction_that_asks_for_nothing_allocates_nothing()
    {
        var asking = Asking(12);
        var sure = Next("walking", 0.1f, margin: 0.9f);
        for (int i = 0; i < 100; i++) asking.Note(sure);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++) asking.Note(sure);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Theory]
    [InlineData(new[] { 0.1f, 0.7f, 0.2f, 0f }, "b", "c", "a", 0.5f)]
    [InlineData(new[] { 1f, 0f, 0f, 0f }, "a", null, null, 1f)] // A class without a prototype is no contender.
    [InlineData(new[] { 0.25f, 0.25f, 0.25f, 0.25f }, "a", "b", "c", 0f)]
    public void The_likeliest_classes_are_told_in_order(float[] probability, string first, string? second, string? third, float margin)
    {
        var contenders = Contenders.Of(["a", "b", "c", "d"], probability);
        Assert.Equal((first, second, third), (contenders.First, contenders.Second, contenders.Third));
        Assert.Equal(margin, contenders.Margin, 1e-6f);
        Assert.Equal(new[] { first, second, third }.Where(name => name is not null), contenders.List().Select(c => c.Class));
    }

    private LabelAsking Asking(int perHour) => new(new LabelsSection { RequestsPerHour = perHour }, new HourlyBudget(perHour, time), ring, labelled, WindowSeconds, time);

    private LabelRequestMessage? Note(LabelAsking asking, Prediction prediction) => asking.Note(prediction);

    /// <summary>Sure windows follow until a request comes.</summary>
    private LabelRequestMessage UntilAsked(LabelAsking asking)
    {
        for (int i = 0; i < 10_000; i++)
            if (asking.Note(Next("walking", 0.1f, margin: 0.9f)) is { } request)
                return request;
        throw new InvalidOperationException("nothing was asked for");
    }

    /// <summary>The next window, in the ring, as far on in time.</summary>
    private Prediction Next(string className, float novelty, float margin = 0.9f)
    {
        time.Advance(TimeSpan.FromSeconds(WindowSeconds));
        Keep(++lastId);
        return new Prediction(lastId, lastId * WindowSeconds, className, 0.5f, novelty, null, 0, new Contenders("walking", 0.5f + margin / 2, "sitting", 0.5f - margin / 2, null, 0));
    }

    private void Keep(ulong id) => ring.Keep(new Window(s_shape) { Id = id }, [], null);
}
