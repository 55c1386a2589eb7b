using System.Text.Json;
using System.Text.Json.Nodes;
using Edge.Runtime.Updates.Checks;
using Edge.Runtime.Updates.Envelopes;

namespace Edge.Runtime.Updates.States;

/// <content>What a start makes of the files that it finds: after a crash, after damage, after an earlier version of this program.</content>
public sealed partial class ConfigMachine
{
    private void Mend(string directory)
    {
        var damage = new List<string>();
        var before = ReadOr(files.ReadState, files.PutStateAside, damage);
        bool wasDamaged = damage.Count > 0 && unread is null;
        string? unreadState = unread;
        var lastGood = ReadOr(files.ReadLastGood, files.PutLastGoodAside, damage);
        if (before is not null) unread = unreadState; // The state is what counts; its second copy is written anew.
        if (damage.Count > 0 && before is null) damage.Add(lastGood is null ? "the file that the device was started with runs alone" : "the last good configuration is used");
        state = before ?? lastGood ?? new ConfigState();
        if (before is null && lastGood is null && damage.Count == 0) ImportUnsigned(directory, damage);

        var good = Load(state.Good, damage);
        var candidate = state.Phase is ConfigPhase.Staged or ConfigPhase.Trial ? Load(state.Candidate, damage) : null;
        (Good, Candidate, Damage) = (good, candidate, damage);
        if (unread is not null)
        {
            if (candidate is null && state.Phase is ConfigPhase.Staged or ConfigPhase.Trial) state = state with { Phase = ConfigPhase.Active, Candidate = null }; // In this process; on disk it waits.
            return;
        }

        var next = state;
        if (state.Phase is ConfigPhase.Staged or ConfigPhase.Trial && candidate is null)
        {
            damage.Add($"version {state.Candidate?.Version} is not as it was stored any more; it is rolled back");
            next = next with { Phase = ConfigPhase.RolledBack, LastAttempt = Failed(state.Candidate!) };
        }

        if (state.Good is not null && good is null)
        {
            damage.Add($"version {state.Good.Version}, the last good one, is not as it was stored any more; the file that the device was started with takes its place");
            next = next with { Good = null, LastAttempt = next.Phase == ConfigPhase.Active ? Failed(state.Good) : next.LastAttempt };
        }

        if (next != state || wasDamaged) WriteOrRemember("mend", next);
        if (state is { Phase: ConfigPhase.Active, Good: not null } && lastGood?.Good != state.Good) WriteLastGood("mend");
        Sweep();

        ConfigTrialRecord Failed(DocumentName name) => new(name, AttemptResult.RolledBack, [new Reason(ReasonCode.DocumentDamaged, "what the device had stored of it does not have the hash that its state names; send it again under a higher version")], [], clock.Now);
    }

    private AcceptedOverlay? Load(DocumentName? name, List<string> damage)
    {
        try
        {
            return name is not null && files.Load(name) is { } bytes ? new AcceptedOverlay(name.Version, name.KeyId, bytes) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            NoteUnread($"version {name!.Version}: {e.Message}", damage);
            return null;
        }
    }

    private ConfigState? ReadOr(Func<ConfigState?> read, Action putAside, List<string> damage)
    {
        try
        {
            return read() is { } found && IsSound(found) ? found : null;
        }
        catch (InvalidDataException e)
        {
            damage.Add(e.Message);
            putAside();
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            NoteUnread(e.Message, damage);
            return null;
        }
    }

    private void NoteUnread(string why, List<string> damage)
    {
        unread ??= $"{why} Nothing is written over it, and no other configuration is taken, until a start can read it";
        damage.Add(unread);
    }

    private static bool IsSound(ConfigState read) => read.Phase == ConfigPhase.Active || (read.Candidate is not null && read.LastAttempt is not null)
        ? true
        : throw new InvalidDataException($"the state is in phase {read.Phase} and names no candidate");

    /// <summary>Takes over what earlier versions of this program kept: one unsigned document, <c>desired.json</c>.</summary>
    private void ImportUnsigned(string directory, List<string> damage)
    {
        string file = Path.Combine(directory, "desired.json");
        if (!File.Exists(file)) return;
        try
        {
            var old = JsonNode.Parse(File.ReadAllBytes(file))!.AsObject();
            byte[] config = JsonSerializer.SerializeToUtf8Bytes(old["config"]!.AsObject());
            var name = new DocumentName(Sha256(config), (long)old["version"]!, KeyId.Unsigned, "");
            files.Keep("import", name.Sha256, config);
            Write("import", new ConfigState { Good = name, Ratchets = new Dictionary<string, Ratchet> { [KeyId.Unsigned] = new(name.Version, name.Sha256) } });
            File.Delete(file);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or NullReferenceException or IOException or UnauthorizedAccessException)
        {
            damage.Add($"{file}: {e.Message}");
            if (e is not (IOException or UnauthorizedAccessException)) CheckedFile.PutAside(file);
        }
    }
}
