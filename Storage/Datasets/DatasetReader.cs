namespace Edge.Storage;

/// <summary>
/// Reads recorded, labelled data whole into memory: UCI HAR, .npz, UEA/UCR .ts, ARFF (flat and relational), libsvm batches, CSV. The format is told from the content. Feature vectors [N, F] become windows of F
/// channels and one sample. Memory is bounded by <see cref="DatasetReadOptions.LargestValueCount"/> and <see cref="DatasetReadOptions.LargestLineBytes"/>.
/// </summary>
public static class DatasetReader
{
    /// <summary>Sees to it that there is a data set where a specification points, of a format that is known; of its files no more than the beginning is read.</summary>
    /// <exception cref="FileNotFoundException">Nothing is there; the message lists the places and the remedy.</exception>
    /// <exception cref="InvalidDataException">What is there is no data set, or several and none is named; the message says what to do.</exception>
    public static void Find(string spec)
    {
        var (path, set, _) = DatasetPlaces.Resolve(spec, DatasetPlaces.Folders);
        using var place = DatasetFiles.Open(path);
        var source = DatasetCatalog.Choose(place, set);
        if (source.IsUciHar || source.Train.Count > 1) return;
        _ = DatasetSniff.FormatOf(source.Train[0]);
    }

    /// <summary>Names that stand for files of the folder in EDGE_DATA or in <c>../shared/data</c>: <c>uci-har</c>, <c>gas-drift</c>, <c>wisdm</c>, <c>eeg-eye</c>, <c>robot</c>, <c>uea:&lt;Name&gt;</c>.</summary>
    public static IReadOnlyList<string> ShortNames => DatasetPlaces.ShortNames;

    /// <summary>Reads one data set.</summary>
    /// <param name="spec">
    /// A short name; or the path of a file, a folder or a zip, with <c>#Name</c> where it holds several sets: <c>uea_sensor_sets.zip#BasicMotions</c>. Of a file <c>X_TRAIN.*</c> the test split is <c>X_TEST.*</c> beside it.
    /// </param>
    /// <param name="options">Policies and columns.</param>
    /// <param name="progress">Told at most ten times a second, and once at the end.</param>
    /// <param name="cancel">Stops the load within one buffer.</param>
    /// <param name="time">Clock for the pace of the progress; null: the system's.</param>
    /// <exception cref="FileNotFoundException">Nothing is there; the message says where it was looked for and what to do.</exception>
    /// <exception cref="InvalidDataException">A malformed file, or one that holds several sets or not the one named; the message says file, line, what was expected and what to do.</exception>
    /// <exception cref="OperationCanceledException">As asked by <paramref name="cancel"/>.</exception>
    public static Dataset Read(string spec, DatasetReadOptions options, IProgress<LoadProgress>? progress, CancellationToken cancel, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(options);
        if (options.SampleRateHz is { } rate && !(rate > 0 && double.IsFinite(rate))) throw new ArgumentOutOfRangeException(nameof(options), rate, "SampleRateHz must be above 0.");
        ArgumentOutOfRangeException.ThrowIfLessThan(options.LargestValueCount, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.LargestLineBytes, 1);
        var (path, set, name) = DatasetPlaces.Resolve(spec, DatasetPlaces.Folders);
        using var place = DatasetFiles.Open(path);
        var source = DatasetCatalog.Choose(place, set);
        var meter = new LoadMeter(progress, time ?? TimeProvider.System, cancel);
        cancel.ThrowIfCancellationRequested();
        var dataset = source.IsUciHar ? ReadUciHar(place, options, meter) : Read(source, options, meter);
        meter.Finish();
        return dataset with { Name = name ?? source.Name };
    }

    /// <summary>Names of the sets at a file, folder or zip (or at a short name's), ordered.</summary>
    public static IReadOnlyList<string> List(string spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        using var place = DatasetFiles.Open(DatasetPlaces.Resolve(spec, DatasetPlaces.Folders).Path);
        return [.. DatasetCatalog.List(place).Select(s => s.Name)];
    }

    private static Dataset ReadUciHar(DatasetFiles place, DatasetReadOptions options, LoadMeter meter)
    {
        meter.Expect(UciHarArchive.Bytes(place));
        var train = UciHarArchive.Read(place, "train", null, meter);
        var test = UciHarArchive.Read(place, "test", null, meter);
        var window = train.Window with { SampleRateHz = options.SampleRateHz ?? train.Window.SampleRateHz };
        return new Dataset { Name = "", Train = train with { Window = window }, Test = test with { Window = window }, Notes = [] };
    }

    private static Dataset Read(DatasetSource source, DatasetReadOptions options, LoadMeter meter)
    {
        var context = new LoadContext(options, meter);
        IReadOnlyList<DatasetFile> files = source.Test is null ? source.Train : [.. source.Train, source.Test];
        var formats = files.ToDictionary(f => f, f => source.Train.Count > 1 ? DatasetFormat.Libsvm : DatasetSniff.FormatOf(f));
        meter.Expect(files.Sum(f => formats[f] == DatasetFormat.Npz ? NpzFile.UnpackedBytes(f) : f.LengthBytes));

        var train = ReadSplit(formats[source.Train[0]], source.Train, context);
        context.Classes.Close(train, options.AllowsOneClass);
        context.TrainChannelCount = train.ChannelCount;
        CaseTable? test = null;
        if (source.Test is not null)
        {
            test = ReadSplit(formats[source.Test], [source.Test], context);
            if (test.Count == 0) throw MalformedFile.Whole(test.File, "at least one case, there is none", "Is it the whole file?");
            if (test.ChannelCount != train.ChannelCount)
                throw MalformedFile.Whole(test.File, $"cases of {train.ChannelCount} {(train.ChannelCount == 1 ? "channel" : "channels")} as in the training split, they have {test.ChannelCount}", "Are the two splits of one data set?");
        }

        MissingValueFill.Fill(train, test, context);
        var (trainValues, testValues, length) = LengthPolicy.Apply(train, test, context);
        var window = new WindowShape(train.ChannelCount, length, options.SampleRateHz ?? context.SampleRateHz ?? 1);
        int[] subjects = context.Subjects.ToIntegers();
        return new Dataset
        {
            Name = source.Name,
            Train = Windows(window, trainValues, train, subjects, context),
            Test = test is null ? null : Windows(window, testValues!, test, subjects, context),
            Notes = context.Notes,
        };
    }

    private static CaseTable ReadSplit(DatasetFormat format, IReadOnlyList<DatasetFile> files, LoadContext context) => format switch
    {
        DatasetFormat.Npz => NpzFile.Read(files[0], context),
        DatasetFormat.Ts => TsFile.Read(files[0], context),
        DatasetFormat.Arff => ArffFile.Read(files[0], context),
        DatasetFormat.Libsvm => LibsvmFile.Read(files, context),
        _ => CsvFile.Read(files[0], context),
    };

    private static LabelledWindows Windows(WindowShape window, float[] values, CaseTable table, int[] subjects, LoadContext context)
    {
        var windows = new LabelledWindows
        {
            Window = window,
            Values = values,
            Classes = [.. table.Classes],
            Subjects = [.. table.Subjects.Select(s => s < 0 ? 0 : subjects[s])],
            ClassNames = context.Classes.Names,
        };
        return context.Domains.Names.Count == 0 ? windows : windows with { Domains = [.. table.Domains.Select(d => Math.Max(d, 0))], DomainNames = context.Domains.Names };
    }
}
