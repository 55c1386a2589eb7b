namespace Edge.Config;

/// <summary>
/// What has been found while one configuration is read: the problems, where each given key stands, and which keys cannot be trusted any more.
/// </summary>
/// <param name="text">The document, for lines and columns; null when several are merged.</param>
internal sealed class ConfigFindings(ConfigText? text)
{
    private readonly List<ConfigProblem> _problems = [];
    private readonly Dictionary<string, int> _given = [];
    private readonly HashSet<string> _doubtful = [];

    /// <summary>The problems in the order in which they were found, at most <see cref="ConfigVerdict.MaxProblemCount"/>.</summary>
    public IReadOnlyList<ConfigProblem> Problems => _problems;

    /// <summary>Problems beyond that.</summary>
    public int OmittedCount { get; private set; }

    /// <summary>All problems.</summary>
    public int Count => _problems.Count + OmittedCount;

    /// <summary>Whether a further problem would only be counted.</summary>
    public bool IsFull => _problems.Count == ConfigVerdict.MaxProblemCount;

    /// <summary>Remembers that the document gives a value for <paramref name="path"/> at byte <paramref name="offset"/>.</summary>
    public void Given(string path, int offset) => _given[path] = offset;

    /// <summary>Marks a key as meant by the operator but not understood, so that no rule between keys speaks about its default.</summary>
    public void Doubt(string path) => _doubtful.Add(path);

    /// <summary>
    /// Adds a problem of the value at <paramref name="path"/>, or of that key, which stands at byte <paramref name="offset"/> of the document.
    /// </summary>
    public void Add(string path, string value, string expected, string remedy, int offset)
    {
        _doubtful.Add(path);
        Add(Placed(path, value, expected, remedy, offset));
    }

    /// <summary>
    /// Adds a problem of a value that is sound by itself but contradicts another, at the place where the document gives it; a value that it does not give is
    /// called the default. Such a problem
    /// silences no other rule.
    /// </summary>
    public void AddContradiction(string path, string value, string expected, string remedy)
    {
        bool isGiven = _given.TryGetValue(path, out int offset) || _given.TryGetValue(path.Split('[')[0], out offset);
        Add(isGiven ? Placed(path, value, expected, remedy, offset) : new ConfigProblem(path, value + ", the default,", expected, remedy, null, null));
    }

    /// <summary>Adds a problem whose place is already known.</summary>
    public void Add(ConfigProblem problem)
    {
        if (IsFull)
        {
            OmittedCount++;
        }
        else
        {
            _problems.Add(problem);
        }
    }

    /// <summary>Whether the values at <paramref name="paths"/> are what the operator meant: no problem in them, above them or below them.</summary>
    public bool Sound(params ReadOnlySpan<string> paths)
    {
        foreach (string path in paths)
        {
            foreach (string doubtful in _doubtful)
            {
                if (Covers(doubtful, path) || Covers(path, doubtful))
                {
                    return false;
                }
            }
        }

        return true;
    }

    private ConfigProblem Placed(string path, string value, string expected, string remedy, int offset)
    {
        // A problem that is only counted needs no place, and finding one takes a pass over the text.
        (int? line, int? column) = text is null || IsFull ? ((int?)null, (int?)null) : text.Locate(offset);
        return new ConfigProblem(path, value, expected, remedy, line, column);
    }

    private static bool Covers(string outer, string inner) =>
        outer.Length == 0 || (inner.StartsWith(outer, StringComparison.Ordinal) && (inner.Length == outer.Length || inner[outer.Length] is '.' or '['));
}
