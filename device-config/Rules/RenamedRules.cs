namespace Edge.Config;

/// <summary>What <c>labels.renamed</c> must be to <c>labels.classes</c> and to itself, so that every name on the disk is one class and every class has one name there.</summary>
internal static class RenamedRules
{
    private const string Path = "labels.renamed";

    /// <summary>Adds a problem for each entry that is no change of name.</summary>
    public static void Check(DeviceConfig config, ConfigFindings findings)
    {
        if (!findings.Sound(Path) || !findings.Sound("labels.classes"))
        {
            return;
        }

        var first = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach ((string stored, string now) in config.Labels.Renamed)
        {
            Judge(stored, now);
        }

        void Judge(string stored, string now)
        {
            IReadOnlyDictionary<string, string> renamed = config.Labels.Renamed;
            if (stored.Equals(CrossFieldRules.ReservedClass, StringComparison.OrdinalIgnoreCase) || now.Equals(CrossFieldRules.ReservedClass, StringComparison.OrdinalIgnoreCase))
            {
                Add($"from and to another word than \"{CrossFieldRules.ReservedClass}\", which says that a window is near to no class", "delete the entry");
            }
            else if (stored == now)
            {
                Add("another name than its key", "delete the entry; a class that keeps its name needs none");
            }
            else if (renamed.TryGetValue(now, out string? later))
            {
                Add("a name that is not renamed further, since a key is the name under which the class was first stored",
                    later == stored ? "keep the entry whose key is the name of the first labels, and delete the other" : $"write {{{JsonPart.Quote(stored)}: {JsonPart.Quote(later)}}} and delete the entry {JsonPart.Quote(now)}");
            }
            else if (config.Labels.Classes.Contains(stored, StringComparer.Ordinal))
            {
                Add($"under a key that is not in labels.classes, and {JsonPart.Quote(stored)} is", $"take {JsonPart.Quote(stored)} out of labels.classes, or delete the entry to keep the name");
            }
            else if (!config.Labels.Classes.Contains(now, StringComparer.Ordinal))
            {
                Add($"a name of labels.classes: {string.Join(", ", config.Labels.Classes)}", "add it there, or correct it");
            }
            else if (!first.TryAdd(now, stored))
            {
                Add($"another name than that of {JsonPart.Quote(first[now])}, since two classes do not become one", "delete one of the two; it says which of both names is on the disk");
            }
            else if (CrossFieldRules.Activities.Contains(stored, StringComparer.Ordinal) && CrossFieldRules.Activities.Contains(now, StringComparer.Ordinal) && findings.Sound("sensor.kind"))
            {
                Add($"a name that the sensor \"{config.Sensor.Kind}\" does not bring for another class", "choose another name");
            }

            void Add(string expected, string remedy) => findings.AddContradiction(ConfigPath.Member(Path, stored), JsonPart.Quote(now), expected, remedy);
        }
    }
}
