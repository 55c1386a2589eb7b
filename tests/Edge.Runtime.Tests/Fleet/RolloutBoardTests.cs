using System.Text;
using System.Text.Json;
using Edge.Runtime.Fleet.Rollouts;
using Edge.Runtime.Updates.Checks;
using Edge.Runtime.Updates.Envelopes;
using Edge.Telemetry.Mqtt;

namespace Edge.Runtime.Tests.Fleet;

/// <summary>Each device is in exactly one count of a rollout, and every share of it carries the same content.</summary>
public sealed class RolloutBoardTests
{
    private const string Root = "edge";
    private readonly RolloutBoard board = new(Root, 7, KeyId.Unsigned, seed: 0) { Percent = 100 };

    [Fact]
    public void Each_device_is_in_exactly_one_count()
    {
        foreach (int i in Enumerable.Range(1, 9)) Status($"d{i}", "online");
        Status("d9", "offline");
        board.AllSent();
        Report("d1", "applied");
        Report("d2", "trial");
        Report("d3", "rolledBack", "latencyTooHigh");
        Report("d4", "rolledBack", "latencyTooHigh");
        Report("d5", "rolledBack", "sensorSilent", "storeNotWritable");
        Report("d6", "refused", "invalid");
        Report("d7", "refused", "notForThisDevice");
        var summary = board.Summary();
        Assert.Equal((9, 8, 1, 1, 3, 1, 2, 1), (summary.Total, summary.Targeted, summary.Active, summary.UnderWay, summary.RolledBack, summary.Refused, summary.Silent, summary.NotTargeted));
        Assert.Equal([("latencyTooHigh", 2), ("sensorSilent+storeNotWritable", 1)], summary.RolledBackByCode.Select(pair => (pair.Key, pair.Value)));
        Assert.Equal(summary.Total, summary.Targeted + summary.Waiting + summary.NotTargeted);
        Assert.Equal(2, summary.NoAnswer); // d2 and d8; d9 was not there.
        Assert.Equal(50, summary.FailedPercent);
        Assert.False(summary.IsSettled);
        Report("d2", "applied");
        Report("d8", "unchanged");
        Assert.True(board.Summary().IsSettled);
    }

    [Fact]
    public void Devices_beyond_the_share_wait_and_their_no_is_no_failure()
    {
        string[] devices = [.. Enumerable.Range(0, 100).Select(i => $"d{i}")];
        foreach (string device in devices) Status(device, "online");
        board.Percent = 10;
        board.AllSent();
        foreach (string device in devices) Report(device, Rollout.BucketOf(0, device) < 10 ? "applied" : "deferred", "notInRollout");
        var summary = board.Summary();
        Assert.InRange(summary.Active, 1, 30);
        Assert.Equal((100 - summary.Active, 0.0, true), (summary.Waiting, summary.FailedPercent, summary.IsSettled));
        board.Percent = 50;
        Assert.Equal(summary.Waiting, board.ToBeSent.Count);
        Assert.False(board.Summary().IsSettled); // Their earlier "deferred" is no answer to this share.
    }

    [Fact]
    public void What_was_refused_before_it_was_sent_and_what_is_said_of_other_versions_does_not_count()
    {
        Status("d1", "online");
        Report("d1", "refused", "invalid");
        Assert.Equal(0, board.Summary().Refused);
        board.AllSent();
        board.Hear(Message("d1", "config/reported", new { lastAttempt = new { version = 6, result = "rolledBack", keyId = KeyId.Unsigned } }));
        board.Hear(Message("d1", "config/reported", new { lastAttempt = new { version = 7, result = "rolledBack", keyId = "another" } }));
        Assert.Equal(1, board.Summary().Silent);
        board.Hear(Message("d1", "config/reported", new { lastAttempt = new { result = "refused", codes = new[] { "unknownKey" } } })); // Nobody says whose it was: it just came.
        Assert.Equal(1, board.Summary().RefusedByCode["unknownKey"]);
    }

    [Fact]
    public void A_device_that_is_not_in_the_first_group_is_tried_with_the_next()
    {
        Status("d1", "online");
        board.Sent("d1");
        Report("d1", 2, "refused", "notForThisDevice");
        Assert.Equal(["d1"], board.ToBeSent);
        Assert.Equal(1, board.GroupOf("d1"));
        board.Sent("d1");
        Report("d1", 2, "refused", "notForThisDevice");
        Assert.Equal(1, board.Summary().NotTargeted);
    }

    [Fact]
    public void Every_share_of_a_document_has_the_same_content_whatever_its_white_space()
    {
        byte[] spaced = Encoding.UTF8.GetBytes("""{ "version": 7, "target": { "fleet": "north" }, "config": { "drift" :  { "threshold": 7.0 } } }""");
        using var key = SigningKey.Create(SignatureScheme.EcdsaP256);
        var document = RolloutDocument.Of(spaced, key);
        var (ten, all) = (Payload(document.For(new Rollout(10, 3), "pumps")), Payload(document.For(null, null)));
        Assert.Equal(document.ContentHash, ten.ContentHash);
        Assert.Equal(ten.ContentHash, all.ContentHash);
        Assert.Equal((7L, new Rollout(10, 3), "north", "pumps"), (ten.Version, ten.Rollout, ten.Target.Fleet, ten.Target.Group));
        Assert.Null(all.Rollout);
        Assert.Equal(ten.ContentHash, RolloutDocument.Of(document.For(new Rollout(10, 3), null), key).ContentHash); // From the broker again.
        Assert.Contains("--key", Assert.Throws<FormatException>(() => RolloutDocument.Of(document.For(null, null), null)).Message);

        DesiredPayload Payload(byte[] message)
        {
            var envelope = SignedEnvelope.Read(message);
            Assert.True(SignatureScheme.Verify(envelope.Algorithm, key.PublicKey, envelope.Payload, envelope.Signature));
            return DesiredPayload.Read(envelope.Payload);
        }
    }

    private void Status(string device, string state) => board.Hear(Message(device, "status", new { state }));

    private void Report(string device, string result, params string[] codes) => Report(device, 1, result, codes);

    private void Report(string device, int groups, string result, params string[] codes) => board.Hear(Message(device, "config/reported", new { lastAttempt = new { version = 7, result, codes, keyId = KeyId.Unsigned } }), groups);

    private static InboundMessage Message(string device, string suffix, object body) => new($"{Root}/{device}/{suffix}", JsonSerializer.SerializeToUtf8Bytes(body), false);
}
