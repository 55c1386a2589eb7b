namespace Edge.Storage;

/// <summary>How far a load has come.</summary>
/// <param name="File">What is being read.</param>
/// <param name="DoneBytes">Bytes read so far, unpacked, over all files of the set.</param>
/// <param name="TotalBytes">Bytes that there are.</param>
public readonly record struct LoadProgress(string File, long DoneBytes, long TotalBytes);
