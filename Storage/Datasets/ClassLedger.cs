using System.Globalization;

namespace Edge.Storage;

/// <summary>The classes of a data set: declared by a header, or met in the training split and then closed.</summary>
internal sealed class ClassLedger
{
    private const int MostMet = 1000;
    private NameIndex index = new();
    private bool isDeclared, isTest;

    /// <summary>Names by class number.</summary>
    public IReadOnlyList<string> Names => index.Names;

    /// <summary>A header says which classes there are. In the test split this changes nothing: the training split's count.</summary>
    public void Declare(IReadOnlyList<string> names)
    {
        if (isTest) return;
        isDeclared = true;
        foreach (string name in names) index.Of(name);
    }

    /// <summary>Number of a label's class. File and place (<c>line 7</c>) are for messages.</summary>
    /// <exception cref="InvalidDataException">It is none of the classes.</exception>
    public int Of(string label, string file, string place)
    {
        int found = index.Find(label);
        if (found >= 0) return found;
        if (isTest)
        {
            throw new InvalidDataException($"{file}, {place}: expected one of the training split's classes ({MalformedFile.List(Names)}), not '{label}'. "
                + "A class that is only in the test split cannot be learned: take its cases out, or put some into the training split.");
        }

        if (isDeclared) throw new InvalidDataException($"{file}, {place}: expected one of the classes that the header declares ({MalformedFile.List(Names)}), not '{label}'. Correct the label or the header.");
        if (label.Length == 0) throw new InvalidDataException($"{file}, {place}: expected a class, the field is empty. Take the case out or label it.");
        if (Names.Count == MostMet) throw new InvalidDataException($"{file}, {place}: expected no more than {MostMet} classes, '{label}' is one more. Is the class in another column? Name it with ClassColumn.");
        return index.Of(label);
    }

    /// <summary>The training split has been read: no class comes any more. Classes that no header declared are put in order, numbers by size before other names.</summary>
    /// <exception cref="InvalidDataException">There is no case, or all have one class and that is not allowed.</exception>
    public void Close(CaseTable train, bool allowsOneClass)
    {
        if (train.Count == 0) throw MalformedFile.Whole(train.File, "at least one case, there is none", "Is it the whole file?");
        if (!allowsOneClass && train.Classes.TrueForAll(c => c == train.Classes[0]))
        {
            throw MalformedFile.Whole(train.File, $"cases of at least two classes, all {train.Count} have the class '{Names[train.Classes[0]]}'", "Nothing can be learned from one class; if the class is in another column, name it with ClassColumn.");
        }

        isTest = true;
        if (isDeclared) return;
        var met = index;
        index = new NameIndex();
        foreach (string name in met.Names.OrderBy(Number).ThenBy(n => n, StringComparer.Ordinal)) index.Of(name);
        for (int i = 0; i < train.Count; i++) train.Classes[i] = index.Find(met.Names[train.Classes[i]]);
    }

    private static double Number(string name) => double.TryParse(name, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && !double.IsNaN(number) ? number : double.PositiveInfinity;
}
