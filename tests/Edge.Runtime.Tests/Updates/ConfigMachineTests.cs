using System.Text;
using Edge.Runtime.Updates;
using Edge.Runtime.Updates.Checks;
using Edge.Runtime.Updates.Envelopes;
using Edge.Runtime.Updates.States;
using Edge.Storage;

namespace Edge.Runtime.Tests.Updates;

/// <summary>The files of a configuration's life: what a start finds after a crash, after damage and after an earlier version of the program.</summary>
public sealed class ConfigMachineTests : IDisposable
{
    private readonly DataFolder data = new();
    private readonly TestClock clock = new();

    public void Dispose() => data.Dispose();

    private string Folder => data["config"];

    [Fact]
    public void Last_good_changes_at_promotion_only()
    {
        var machine = Kept(1);
        Assert.Equal(1, Open().Good!.Version);
        machine.Stage(Overlay(2), "h2", 90, []);
        Assert.Equal((1L, 2L, ConfigPhase.Staged), (Open().Good!.Version, Open().Candidate!.Version, Open().State.Phase));
        machine.BeginTrial(2, TimeSpan.FromMinutes(1));
        Assert.Equal((1L, ConfigPhase.Trial, 90.0), (Open().Good!.Version, Open().State.Phase, Open().State.AccuracyBeforePercent));
        machine.Promote(["seen"]);
        Assert.Equal((2L, ConfigPhase.Active, null), (Open().Good!.Version, Open().State.Phase, Open().Candidate));
        Assert.Equal(["seen"], Open().State.LastAttempt!.Notes);
    }

    [Fact]
    public void A_trial_found_at_a_start_counts_an_attempt_and_too_many_go_back()
    {
        Kept(1).Stage(Overlay(2), "", null, []);
        Assert.True(Open().BeginTrial(2, TimeSpan.FromMinutes(10)));
        Assert.True(Open().BeginTrial(2, TimeSpan.FromMinutes(10)));
        var machine = Open();
        Assert.False(machine.BeginTrial(2, TimeSpan.FromMinutes(10), "it crashed"));
        Assert.Equal((ConfigPhase.RolledBack, 1L, null), (machine.State.Phase, machine.Good!.Version, machine.Candidate));
        var reason = Assert.Single(machine.State.LastAttempt!.Reasons);
        Assert.Equal((ReasonCode.TooManyAttempts, true), (reason.Code, reason.Text.EndsWith("it crashed", StringComparison.Ordinal)));
        machine.Settle();
        Assert.Equal((ConfigPhase.Active, AttemptResult.RolledBack), (Open().State.Phase, Open().State.LastAttempt!.Result));
    }

    [Fact]
    public void A_trial_that_goes_on_in_a_pipeline_that_was_restarted_for_another_reason_costs_no_attempt()
    {
        Kept(1).Stage(Overlay(2), "", null, []);
        var machine = Open();
        Assert.True(machine.BeginTrial(1, TimeSpan.FromMinutes(10)));
        Assert.True(machine.BeginTrial(1, TimeSpan.FromMinutes(10), wasInterrupted: false));
        Assert.Equal(1, Open().State.Attempts);
        Assert.False(Open().BeginTrial(1, TimeSpan.FromMinutes(10)));
    }

    [Fact]
    public void What_failed_is_known_as_that_when_the_state_is_lost_and_its_version_is_not_accepted_again()
    {
        var machine = Kept(1);
        machine.Stage(Overlay(2), "h2", null, []);
        machine.BeginTrial(2, TimeSpan.FromMinutes(1));
        machine.RollBack([new Reason(ReasonCode.LatencyTooHigh, "too slow")]);
        machine.Settle();
        var before = machine.State;
        File.WriteAllText(Path.Combine(Folder, "state"), "bent");
        machine = Open();
        Assert.Equal((1L, ConfigPhase.Active), (machine.Good!.Version, machine.State.Phase));
        Assert.Equal(before.Ratchets.Single(), machine.State.Ratchets.Single());
        Assert.Equal((2L, AttemptResult.RolledBack), (machine.State.LastAttempt!.Document.Version, machine.State.LastAttempt.Result));

        machine.ForgetVersionsOf(_ => false);
        File.WriteAllText(Path.Combine(Folder, "state"), "bent");
        Assert.Empty(Open().State.Ratchets);
    }

    [Theory]
    [InlineData("stage.state.renamed", ConfigPhase.Staged)]
    [InlineData("try.state.renamed", ConfigPhase.Trial)]
    public void A_step_whose_folder_could_not_be_synced_is_made_for_this_process_as_for_the_next(string point, ConfigPhase phase)
    {
        Kept(1);
        var machine = ConfigMachine.Open(Folder, clock, at =>
        {
            if (at == point) throw new NotSyncedException("the folder could not be synced");
        });
        machine.Stage(Overlay(2), "", null, []);
        if (phase == ConfigPhase.Trial) Assert.True(machine.BeginTrial(2, TimeSpan.FromMinutes(1)));
        Assert.Equal((phase, 2L), (machine.State.Phase, machine.Candidate!.Version));
        Assert.Equal((phase, 2L, machine.State.Attempts), (Open().State.Phase, Open().Candidate!.Version, Open().State.Attempts));
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)] // A clock that nobody keeps says nothing about a deadline; the attempts are bounded all the same.
    public void A_trial_past_its_deadline_goes_back_where_the_clock_can_be_believed(bool synchronised, bool goesOn)
    {
        Kept(1).Stage(Overlay(2), "", null, []);
        Assert.True(Open().BeginTrial(9, TimeSpan.FromMinutes(10)));
        (clock.Now, clock.IsSynchronised) = (clock.Now + TimeSpan.FromMinutes(11), synchronised);
        var machine = Open();
        Assert.Equal(goesOn, machine.BeginTrial(9, TimeSpan.FromMinutes(10)));
        Assert.Equal<ReasonCode>(goesOn ? [] : [ReasonCode.DeadlinePassed], machine.State.LastAttempt!.Reasons.Select(reason => reason.Code));
    }

    [Fact]
    public void A_trial_that_began_before_the_clock_was_set_has_its_time_from_the_first_attempt_after_that()
    {
        Kept(1).Stage(Overlay(2), "", null, []);
        var now = clock.Now;
        (clock.Now, clock.IsSynchronised) = (DateTimeOffset.UnixEpoch, false);
        Assert.True(Open().BeginTrial(9, TimeSpan.FromMinutes(10)));
        (clock.Now, clock.IsSynchronised) = (now, true);
        Assert.True(Open().BeginTrial(9, TimeSpan.FromMinutes(10)));
        clock.Now += TimeSpan.FromMinutes(11);
        Assert.False(Open().BeginTrial(9, TimeSpan.FromMinutes(10)));
    }

    [Fact]
    public void A_bent_bit_anywhere_in_the_state_leads_to_the_last_good_one_and_is_said()
    {
        Kept(1);
        byte[] whole = File.ReadAllBytes(Path.Combine(Folder, "state"));
        byte[] lastGood = File.ReadAllBytes(Path.Combine(Folder, "last-good"));
        for (int i = 0; i < whole.Length; i += 7)
        {
            byte[] bent = [.. whole];
            bent[i] ^= (byte)(1 << (i % 8));
            File.WriteAllBytes(Path.Combine(Folder, "state"), bent);
            File.WriteAllBytes(Path.Combine(Folder, "last-good"), lastGood);
            var machine = Open();
            Assert.Equal((1L, ConfigPhase.Active), (machine.Good?.Version, machine.State.Phase));
            Assert.NotEmpty(machine.Damage);
            Assert.Empty(Open().Damage); // Said once, and mended.
        }
    }

    [Fact]
    public void With_both_files_bent_the_file_that_the_device_was_started_with_runs()
    {
        Kept(1);
        File.WriteAllText(Path.Combine(Folder, "state"), "edge-config-state 1 00\n{}");
        File.WriteAllText(Path.Combine(Folder, "last-good"), "");
        var machine = Open();
        Assert.Equal((null, ConfigPhase.Active, 3), (machine.Good, machine.State.Phase, machine.Damage.Count));
        Assert.True(File.Exists(Path.Combine(Folder, "state.bad")));
    }

    [Theory]
    [InlineData(1, null, ConfigPhase.Trial)]  // The last good one is bent: the trial goes on, and going back would be to the file.
    [InlineData(2, 1L, ConfigPhase.RolledBack)] // The candidate is: back to the last good one.
    public void A_bent_document_is_never_run(long version, long? good, ConfigPhase phase)
    {
        var machine = Kept(1);
        machine.Stage(Overlay(2), "", null, []);
        machine.BeginTrial(5, TimeSpan.FromMinutes(10));
        string file = Path.Combine(Folder, "documents", (version == 1 ? machine.State.Good! : machine.State.Candidate!).Sha256 + ".json");
        File.WriteAllText(file, File.ReadAllText(file).Replace("summarySeconds\":2", "summarySeconds\":3", StringComparison.Ordinal).Replace("summarySeconds\":1", "summarySeconds\":9", StringComparison.Ordinal));
        machine = Open();
        Assert.Equal((good, phase), (machine.Good?.Version, machine.State.Phase));
        Assert.NotEmpty(machine.Damage);
        if (version == 2) Assert.Equal(ReasonCode.DocumentDamaged, Assert.Single(machine.State.LastAttempt!.Reasons).Code);
    }

    [Theory]
    [InlineData("state", 1L)]
    [InlineData("good", null)]
    [InlineData("candidate", 1L)]
    public void What_cannot_be_read_just_now_is_left_as_it_is_and_found_again_by_a_later_start(string what, long? runs)
    {
        var machine = Kept(1);
        machine.Stage(Overlay(2), "", null, []);
        machine.BeginTrial(5, TimeSpan.FromMinutes(10));
        string file = Path.Combine(Folder, what switch { "good" => $"documents/{machine.State.Good!.Sha256}.json", "candidate" => $"documents/{machine.State.Candidate!.Sha256}.json", _ => what });
        var before = Files();
        File.Move(file, data["away"]);
        Directory.CreateDirectory(file); // Opening it is refused, as of a file without permission; also to root.
        machine = Open();
        Assert.Equal(runs, machine.Good?.Version);
        Assert.Contains("Nothing is written over it", machine.Damage[0]);
        Assert.ThrowsAny<IOException>(() => machine.Stage(Overlay(3), "", null, []));
        machine.RollBack([]);
        machine.Settle();
        machine.ForgetVersionsOf(_ => false);
        Directory.Delete(file);
        File.Move(data["away"], file);
        Assert.Equal(before, Files());
        machine = Open();
        Assert.Equal((1L, 2L, ConfigPhase.Trial), (machine.Good!.Version, machine.Candidate!.Version, machine.State.Phase));
        Assert.Empty(machine.Damage);

        string[] Files() => [.. Directory.GetFiles(Folder, "*", SearchOption.AllDirectories).Order().Select(path => $"{path} {File.ReadAllText(path)}")];
    }

    [Fact]
    public void A_second_copy_that_cannot_be_read_hinders_nothing_while_the_state_can()
    {
        Kept(1);
        File.Delete(Path.Combine(Folder, "last-good"));
        Directory.CreateDirectory(Path.Combine(Folder, "last-good"));
        var machine = Open();
        Assert.Single(machine.Damage);
        machine.Stage(Overlay(2), "", null, []);
        Assert.Equal((1L, 2L), (Open().Good!.Version, Open().Candidate!.Version));
    }

    [Fact]
    public void A_full_disk_keeps_the_trial_from_being_kept_and_going_back_works_all_the_same()
    {
        var machine = Kept(1);
        machine.Stage(Overlay(2), "", null, []);
        machine.BeginTrial(5, TimeSpan.FromMinutes(10));
        Directory.CreateDirectory(Path.Combine(Folder, "state.tmp")); // What is written goes through that name.
        Assert.Throws<IOException>(() => machine.Promote([]));
        Assert.Equal(1, machine.Good!.Version);
        machine.RollBack([new Reason(ReasonCode.StoreNotWritable, "full")]);
        machine.Settle();
        Assert.Equal((ConfigPhase.Active, AttemptResult.RolledBack), (machine.State.Phase, machine.State.LastAttempt!.Result));
    }

    [Fact]
    public void What_an_earlier_version_kept_is_taken_over_once()
    {
        Directory.CreateDirectory(Folder);
        File.WriteAllText(Path.Combine(Folder, "desired.json"), """{"version":7,"config":{"telemetry":{"summarySeconds":2}}}""");
        var machine = Open();
        Assert.Equal((7L, KeyId.Unsigned), (machine.Good!.Version, machine.Good.KeyId));
        Assert.Equal(7, machine.State.Ratchets[KeyId.Unsigned].Version);
        Assert.False(File.Exists(Path.Combine(Folder, "desired.json")));
        Assert.Equal(7, Open().Good!.Version);
    }

    [Fact]
    public void Documents_that_nothing_names_are_swept_away()
    {
        Kept(1).Stage(Overlay(2), "", null, []);
        Assert.Equal(2, Directory.GetFiles(Path.Combine(Folder, "documents")).Length);
        var machine = Open();
        machine.BeginTrial(2, TimeSpan.FromMinutes(1));
        machine.Promote([]);
        Assert.Single(Directory.GetFiles(Path.Combine(Folder, "documents")));
    }

    [Fact]
    public void Versions_of_keys_that_are_retired_are_forgotten()
    {
        var machine = Kept(1);
        machine.ForgetVersionsOf(_ => false);
        Assert.Empty(Open().State.Ratchets);
    }

    [Fact]
    public void The_bytes_on_disk_are_these()
    {
        Kept(1);
        Assert.Equal(
            """{"phase":"active","good":{"sha256":"cbdf0fa","version":1,"keyId":"unsigned","configHash":""},"candidate":null,"attempts":0,"deadline":null,"accuracyBeforePercent":null,"ratchets":{"unsigned":{"version":1,"sha256":"cbdf0fa"}},"lastAttempt":{"document":{"sha256":"cbdf0fa","version":1,"keyId":"unsigned","configHash":""},"result":"applied","reasons":[],"notes":[],"at":"2026-03-01T12:00:00+00:00"},"notBefore":"2026-03-01T12:00:00+00:00"}""",
            File.ReadAllText(Path.Combine(Folder, "state")).Split('\n')[1].Replace(Open().State.Good!.Sha256, "cbdf0fa", StringComparison.Ordinal));
        Assert.Matches("^edge-config-state 1 [0-9a-f]{64}$", File.ReadLines(Path.Combine(Folder, "state")).First());
    }

    private ConfigMachine Open() => ConfigMachine.Open(Folder, clock);

    private ConfigMachine Kept(long version)
    {
        var machine = Open();
        machine.Stage(Overlay(version), "", null, []);
        machine.BeginTrial(2, TimeSpan.FromMinutes(1));
        machine.Promote([]);
        return machine;
    }

    private static AcceptedOverlay Overlay(long version) => new(version, KeyId.Unsigned, Encoding.UTF8.GetBytes($$$"""{"telemetry":{"summarySeconds":{{{version}}}}}"""));
}
