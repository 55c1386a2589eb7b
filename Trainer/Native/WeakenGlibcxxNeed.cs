// Compiled by the build (RoslynCodeTaskFactory), not part of Edge.Trainer.dll. C# 7.3, netstandard2.0.
using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

/// <summary>Sets VER_FLG_WEAK on one version need of an ELF64 little-endian shared object.</summary>
/// <remarks>Layout: System V gABI, "Section Header"; LSB Core, "Symbol Versioning" (Elf64_Verneed 16 bytes, Elf64_Vernaux 16 bytes).</remarks>
public class WeakenGlibcxxNeed : Task
{
    private const uint SectionTypeVersionNeed = 0x6ffffffe; // SHT_GNU_verneed
    private const ushort WeakFlag = 0x2;                    // VER_FLG_WEAK

    [Required] public string File { get; set; }
    [Required] public string Version { get; set; }

    public override bool Execute()
    {
        byte[] image = System.IO.File.ReadAllBytes(File);
        if (image.Length < 64 || image[0] != 0x7f || image[1] != 'E' || image[2] != 'L' || image[3] != 'F' || image[4] != 2 || image[5] != 1)
        {
            Log.LogError("{0} is not a little-endian ELF64 file; expected the libLibTorchSharp.so of the TorchSharp package. Clear the package cache and restore again.", File);
            return false;
        }

        List<int> flagOffsets = FlagsOf(image, Version);
        bool changed = false;
        foreach (int offset in flagOffsets)
        {
            ushort flags = BitConverter.ToUInt16(image, offset);
            if ((flags & WeakFlag) != 0) continue;
            BitConverter.GetBytes((ushort)(flags | WeakFlag)).CopyTo(image, offset);
            changed = true;
        }

        if (!changed) return true; // Already weak, or a build that no longer needs it.

        DateTime written = System.IO.File.GetLastWriteTimeUtc(File);
        string temporary = File + ".weak";
        System.IO.File.WriteAllBytes(temporary, image);
        System.IO.File.SetLastWriteTimeUtc(temporary, written); // Same time and size: the next build's copy step leaves it alone.
        System.IO.File.Delete(File);
        System.IO.File.Move(temporary, File);
        Log.LogMessage(MessageImportance.Normal, "{0}: {1} is now a weak need", File, Version);
        return true;
    }

    private static List<int> FlagsOf(byte[] image, string version)
    {
        var found = new List<int>();
        int sectionTable = checked((int)BitConverter.ToInt64(image, 0x28));
        int entrySize = BitConverter.ToUInt16(image, 0x3a), entryCount = BitConverter.ToUInt16(image, 0x3c);
        for (int i = 0; i < entryCount; i++)
        {
            int header = sectionTable + i * entrySize;
            if (BitConverter.ToUInt32(image, header + 4) != SectionTypeVersionNeed) continue;
            int need = checked((int)BitConverter.ToInt64(image, header + 0x18));
            int strings = checked((int)BitConverter.ToInt64(image, sectionTable + BitConverter.ToInt32(image, header + 0x28) * entrySize + 0x18));
            for (bool more = true; more;)
            {
                int auxiliary = need + BitConverter.ToInt32(image, need + 8);
                for (int left = BitConverter.ToUInt16(image, need + 2); left > 0; left--)
                {
                    if (NameAt(image, strings + BitConverter.ToInt32(image, auxiliary + 8)) == version) found.Add(auxiliary + 4);
                    auxiliary += BitConverter.ToInt32(image, auxiliary + 12);
                }

                int next = BitConverter.ToInt32(image, need + 12);
                more = next != 0;
                need += next;
            }
        }

        return found;
    }

    private static string NameAt(byte[] image, int offset)
    {
        int end = offset;
        while (image[end] != 0) end++;
        return Encoding.ASCII.GetString(image, offset, end - offset);
    }
}
