namespace Edge.Storage;

/// <summary>The data file cannot be used as it is: a page, an index or a list in it is damaged. To whoever asked it is a refusal of the disk; the store restores itself before the next work.</summary>
internal sealed class DamagedFileException(string message, Exception? inner = null) : IOException(message, inner);
