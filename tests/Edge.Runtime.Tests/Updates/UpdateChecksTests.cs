using System.Text;
using Edge.Runtime.Updates.Checks;
using Edge.Runtime.Updates.Envelopes;
using Edge.Runtime.Updates.States;
using Edge.Telemetry.Messages;

namespace Edge.Runtime.Tests.Updates;

/// <summary>The checks of a desired document, each with its reason.</summary>
public sealed class UpdateChecksTests : IDisposable
{
    private readonly SignedDevice device = new();

    public void Dispose() => device.Dispose();

    [Fact]
    public void Both_algorithms_sign_and_a_key_keeps_its_name()
    {
        Accepts(SignedDevice.Change(device.Operator, 1, 6));
        Accepts(SignedDevice.Change(device.Second, 1, 7)); // Versions are counted per key.
        Assert.Equal(device.Second.Id, device.Last.KeyId);
        Assert.Throws<FormatException>(() => SigningKey.FromPem(device.Operator.ToPublicPem())); // Which signs nothing.
        Assert.Throws<FormatException>(() => SigningKey.FromPem(device.Second.ToPublicPem()));
        using var again = SigningKey.FromPem(device.Operator.ToPem());
        using var second = SigningKey.FromPem(device.Second.ToPem());
        Assert.Equal((device.Operator.Id, device.Second.Id), (again.Id, second.Id));
    }

    [Fact]
    public void A_device_with_keys_takes_nothing_unsigned() => Refuses("unsigned", Encoding.UTF8.GetBytes("""{ "version": 9, "config": {} }"""));

    [Fact]
    public void A_key_signs_what_its_role_allows_and_no_more()
    {
        Refuses("unknownKey", SignedDevice.Change(device.Root, 1, 6));
        Assert.Equal(ReasonCode.UnknownKey, Assert.Single(Edge.Runtime.Updates.Trust.KeyRingStore.Open(device.KeysFile, device.Folder).Take(SignedEnvelope.Sign(device.Operator, device.RingOf(2, device.Operator).Write()).Write())).Code);
    }

    [Theory]
    [InlineData("south", null, null, false)]
    [InlineData("north", null, null, true)]
    [InlineData("north", "valves", null, false)]
    [InlineData("north", "pumps", null, true)]
    [InlineData(null, null, "d2", false)]
    [InlineData(null, "pilots", "d1", true)]
    public void A_document_for_others_is_not_taken(string? fleet, string? group, string? id, bool taken)
    {
        byte[] message = SignedDevice.Change(device.Operator, 1, 6, new UpdateTarget(fleet, group, id));
        if (taken) Accepts(message);
        else Refuses("notForThisDevice", message);
    }

    [Fact]
    public void What_has_expired_is_refused_and_an_unkept_clock_skips_that_and_says_so()
    {
        byte[] message = SignedDevice.Change(device.Operator, 1, 6, notAfter: device.Clock.Now.AddDays(1));
        device.Clock.Now += TimeSpan.FromDays(2);
        Refuses("expired", message);
        device.Clock.IsSynchronised = false;
        Accepts(message);
        Assert.Contains("clock is not synchronised", Assert.Single(device.Last.Notes!));
    }

    [Fact]
    public void A_clock_that_fell_back_does_not_bring_an_expired_document_back()
    {
        device.Clock.Now += TimeSpan.FromDays(2);
        Accepts(SignedDevice.Change(device.Operator, 1, 6)); // The device knows now how late it is at least.
        (device.Clock.Now, device.Clock.IsSynchronised) = (device.Clock.Now - TimeSpan.FromDays(700), false);
        Refuses("expired", SignedDevice.Change(device.Operator, 2, 7, notAfter: device.Clock.Now.AddDays(1)));
    }

    [Fact]
    public void Versions_only_grow_and_the_same_document_again_is_no_news()
    {
        byte[] five = SignedDevice.Change(device.Operator, 5, 6);
        Accepts(five);
        int told = device.Told.Count;
        device.Desired.Judge(five);
        Assert.Equal((told + 1, ConfigResult.Applied), (device.Told.Count, device.Last.Result));
        Refuses("versionOlder", SignedDevice.Change(device.Operator, 4, 7));
        Refuses("versionReused", SignedDevice.Change(device.Operator, 5, 7));
        device.Desired.Judge(five);
        Assert.Equal(ConfigResult.Applied, device.Last.Result);
        Accepts(SignedDevice.Change(device.Second, 1, 8));
        Refuses("versionSuperseded", five);
    }

    [Fact]
    public void A_rollout_is_widened_under_one_version_and_only_adds_devices()
    {
        int bucket = Rollout.BucketOf(3, SignedDevice.Id);
        device.Desired.Judge(SignedDevice.Change(device.Operator, 1, 6, rollout: new Rollout(bucket, 3)));
        Assert.Equal((ConfigResult.Deferred, "notInRollout"), (device.Last.Result, Assert.Single(device.Last.Codes!)));
        Assert.Empty(device.Machine.State.Ratchets);
        Accepts(SignedDevice.Change(device.Operator, 1, 6, rollout: new Rollout(bucket + 1, 3)));
        device.Desired.Judge(SignedDevice.Change(device.Operator, 1, 6, rollout: new Rollout(100, 3)));
        Assert.Equal(ConfigResult.Applied, device.Last.Result);
        int[] buckets = [.. Enumerable.Range(0, 2000).Select(i => Rollout.BucketOf(3, $"device-{i}"))];
        Assert.InRange(buckets.Count(b => b < 10), 150, 250);
    }

    [Fact]
    public void The_bucket_of_a_device_is_pinned() => Assert.Equal([76, 90], [Rollout.BucketOf(0, "d1"), Rollout.BucketOf(1, "d1")]);

    [Theory]
    [InlineData("""{ "device": { "id": "other" } }""", "notOverTheAir")]
    [InlineData("""{ "device": { "dataDirectory": "/tmp/other" } }""", "notOverTheAir")]
    [InlineData("""{ "updates": { "keysFile": "/tmp/mine.json" } }""", "notOverTheAir")]
    [InlineData("""{ "updates": { "accept": false } }""", "notOverTheAir")] // Or nothing could ever be told to the device again.
    [InlineData("""{ "window": { "length": 64, "stride": 32 } }""", "needsSnapshot")]
    [InlineData("""{ "window": { "length": 64, "stride": 96 } }""", "invalid")]
    [InlineData("""{ "sensor": { "speed": 1, "speed": 2 } }""", "malformed")]
    public void What_makes_no_sense_or_cannot_be_changed_over_the_air_is_refused(string config, string code) => Refuses(code, SignedDevice.Signed(device.Operator, $$"""{ "version": 1, "config": {{config}} }"""));

    [Fact]
    public void Another_snapshot_is_taken_when_the_document_says_that_it_is_meant() =>
        Assert.True(device.Desired.Judge(SignedDevice.Signed(device.Operator, """{ "version": 1, "config": { "window": { "length": 64, "stride": 32 }, "updates": { "acceptNewSnapshot": true } } }""")));

    [Fact]
    public void A_service_that_is_too_old_does_not_try()
    {
        Refuses("runtimeTooOld", SignedDevice.Change(device.Operator, 1, 6, minimumRuntime: "99.0"));
        Accepts(SignedDevice.Change(device.Operator, 1, 6, minimumRuntime: Product.Version));
    }

    [Fact]
    public void All_reasons_are_given_at_once()
    {
        device.Desired.Judge(SignedDevice.Signed(device.Operator, """{ "version": 1, "notAfter": "2020-01-01T00:00:00Z", "minimumRuntime": "99.0", "config": { "device": { "id": "x" }, "drift": { "threshold": 7 } } }"""));
        Assert.Equal(["expired", "notOverTheAir", "runtimeTooOld"], device.Last.Codes);
    }

    [Fact]
    public void The_example_in_the_documentation_of_the_topics_is_understood()
    {
        string readme = File.ReadAllText(Path.Combine(EdgeProgram.Repository, "Telemetry", "README.md"));
        string section = readme[readme.IndexOf("### `edge.config-desired/2`", StringComparison.Ordinal)..];
        int begin = section.IndexOf("```json", StringComparison.Ordinal) + 7;
        var payload = DesiredPayload.Read(Encoding.UTF8.GetBytes(section[begin..section.IndexOf("```", begin, StringComparison.Ordinal)]));
        Assert.Equal((7L, "north", 100.0), (payload.Version, payload.Target.Fleet, payload.Rollout!.Percent));
        foreach (var code in Enum.GetValues<ReasonCode>()) Assert.Contains($"`{new Reason(code, "").Word}`", readme, StringComparison.Ordinal);
    }

    [Fact]
    public void A_leaked_key_that_ran_ahead_locks_nobody_out_once_it_is_retired()
    {
        Accepts(SignedDevice.Change(device.Operator, long.MaxValue, 6));
        using var next = SigningKey.Create(SignatureScheme.EcdsaP256);
        device.Desired.TakeKeys(SignedEnvelope.Sign(device.Root, device.RingOf(2, next).Write()).Write());
        Assert.Equal((2L, null), (device.Told[^1].KeysVersion, device.Told[^1].KeysProblems));
        Refuses("unknownKey", SignedDevice.Change(device.Operator, long.MaxValue, 7));
        Accepts(SignedDevice.Change(next, 1, 8));
        device.Start(); // What came over the air has the higher version, and stands.
        Refuses("unknownKey", SignedDevice.Change(device.Operator, long.MaxValue, 7));
        Assert.Equal([next.Id], device.Machine.State.Ratchets.Keys);

        device.Desired.TakeKeys(SignedEnvelope.Sign(device.Root, device.RingOf(1, device.Operator).Write()).Write());
        Assert.Contains("versionOlder", Assert.Single(device.Told[^1].KeysProblems!));
        device.Desired.TakeKeys(SignedEnvelope.Sign(device.Root, device.RingOf(2, device.Operator).Write()).Write());
        Assert.Contains("versionReused", Assert.Single(device.Told[^1].KeysProblems!));
        device.Desired.TakeKeys(SignedDevice.Signed(device.Root, """{ "version": 3, "keys": [] }"""));
        Assert.Contains("malformed", Assert.Single(device.Told[^1].KeysProblems!));
    }

    [Fact]
    public void A_damaged_list_of_keys_trusts_nobody_and_not_everybody()
    {
        device.Desired.TakeKeys(SignedEnvelope.Sign(device.Root, device.RingOf(2, device.Second).Write()).Write());
        string file = Path.Combine(device.Folder, "keys.json");
        File.WriteAllBytes(file, [.. File.ReadAllBytes(file)[..^3], (byte)'x', (byte)'}', (byte)'\n']);
        device.Start();
        Refuses("keysDamaged", SignedDevice.Change(device.Second, 1, 6));
        Refuses("keysDamaged", Encoding.UTF8.GetBytes("""{ "version": 9, "config": {} }"""));
        Assert.Equal(ConfigTrust.Nothing, device.Desired.Trust);
    }

    [Fact]
    public async Task Two_versions_that_race_end_with_the_higher_one()
    {
        for (long version = 1; version < 40; version += 2)
        {
            byte[] one = SignedDevice.Change(device.Operator, version, 6), other = SignedDevice.Change(device.Operator, version + 1, 7);
            await Task.WhenAll(Task.Run(() => device.Desired.Judge(one), TestContext.Current.CancellationToken), Task.Run(() => device.Desired.Judge(other), TestContext.Current.CancellationToken));
            Assert.Equal((version + 1, ConfigPhase.Active), (device.Machine.Good!.Version, device.Machine.State.Phase));
        }
    }

    private void Accepts(byte[] message)
    {
        device.Desired.Judge(message);
        Assert.True(device.Last.Result == ConfigResult.Applied, string.Join("; ", device.Last.Reasons));
    }

    private void Refuses(string code, byte[] message)
    {
        Assert.False(device.Desired.Judge(message));
        Assert.Equal((ConfigResult.Refused, code), (device.Last.Result, Assert.Single(device.Last.Codes!)));
    }
}
