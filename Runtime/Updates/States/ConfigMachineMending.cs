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
        bool wasDamaged = damage.Count > 0;
        var lastGood = ReadOr(files.ReadLastGood, files.PutLastGoodAside, damage);
        if (wasDamaged) damage.Add(lastGood is null ? "the file that the device was started with runs alone" : "the last good configuration is used");
        state = before ?? lastGood ?? new ConfigState();
        if (before is null && lastGood is null && !wasDamaged) ImportUnsigned(directory, damage);

        var good = Load(state.Good);
        var candidate = state.Phase is ConfigPhase.Staged or ConfigPhase.Trial ? Load(state.Candidate) : null;
        var next = state;
        if (state.Phase is ConfigPhase.Staged or ConfigPhase.Trial && candidate is null)
        {
            damage.Add($"version {state.Candidate?.Version} cannot be read any more; it is rolled back");
            next = next with { Phase = ConfigPhase.RolledBack, LastAttempt = Failed(state.Candidate!) };
        }

        if (state.Good is not null && good is null)
        {
            damage.Add($"version {state.Good.Version}, the last good one, cannot be read any more; the file that the device was started with takes its place");
            next = next with { Good = null, LastAttempt = next.Phase == ConfigPhase.Active ? Failed(state.Good) : next.LastAttempt };
        }

        (Good, Candidate, Damage) = (good, candidate, damage);
        if (next != state || wasDamaged) WriteOrRemember("mend", next);
        if (state is { Phase: ConfigPhase.Active, Good: not null } && lastGood?.Good != state.Good) WriteLastGood("mend");
        Sweep();

        ConfigTrialRecord Failed(DocumentName name) => new(name, AttemptResult.RolledBack, [new Reason(ReasonCode.DocumentDamaged, "what the device had stored of it does not have the hash that its state names; send it again under a higher version")], [], clock.Now);
    }

    private AcceptedOverlay? Load(DocumentName? name) => name is not null && files.Load(name) is { } bytes ? new AcceptedOverlay(name.Version, name.KeyId, bytes) : null;

    private static ConfigState? ReadOr(Func<ConfigState?> read, Action putAside, List<string> damage)
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
            damage.Add(e.Message);
            return null;
        }
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
