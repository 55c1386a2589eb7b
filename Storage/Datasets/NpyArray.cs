using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Edge.Storage;

/// <summary>The elements of a .npy array, read once from front to end through a buffer of 64 KiB.</summary>
internal sealed class NpyArray(Stream stream, string name) : IDisposable
{
    private const int BufferBytes = 1 << 16;

    /// <summary>What messages call it.</summary>
    public string Name => name;

    /// <summary>Type and shape.</summary>
    public NpyHeader Header { get; } = NpyHeader.Read(stream, name);

    /// <summary>Elements as float64, in C order whatever the order in the file. At most <paramref name="largest"/> of them.</summary>
    public double[] ToNumbers(int largest)
    {
        if (Header.Kind is 'U' or 'S') throw MalformedFile.Whole(name, $"numbers, it has text ({Header.Descr})", "Convert it with astype.");
        double[] numbers = new double[Bounded(largest)];
        Each((index, bytes) => numbers[index] = Number(bytes));
        return numbers;
    }

    /// <summary>Elements as whole numbers; text stays text, told apart by the type.</summary>
    public (long[]? Integers, string[]? Texts) ToLabels(int largest)
    {
        int count = Bounded(largest);
        if (Header.Kind == 'f')
            throw MalformedFile.Whole(name, $"whole numbers or text, it has {Header.Descr}", "Convert it: y.astype(int).");
        if (Header.Kind is 'U' or 'S')
        {
            string[] texts = new string[count];
            Each((index, bytes) => texts[index] = Text(bytes));
            return (null, texts);
        }

        long[] integers = new long[count];
        Each((index, bytes) => integers[index] = Integer(bytes));
        return (integers, null);
    }

    /// <summary>Elements as float32 = value × scale of the element's channel (second axis), in C order. Missing stays NaN.</summary>
    /// <param name="scale">Factor per channel; null: 1.</param>
    /// <param name="largest">Most elements.</param>
    /// <exception cref="InvalidDataException">A value is infinite, or too large for float32; the message says at which index.</exception>
    public float[] ToValues(double[]? scale, int largest)
    {
        float[] values = new float[Bounded(largest)];
        int perChannel = Header.Shape.Skip(2).Aggregate(1, (p, l) => p * l), channels = Header.Shape[1];
        Each((index, bytes) =>
        {
            double number = Number(bytes);
            if (scale is not null) number *= scale[index / perChannel % channels];
            float value = (float)number;
            if (float.IsInfinity(value)) throw MalformedFile.Whole($"{name}, value [{string.Join(", ", Indices(index))}]", $"a finite float32 or NaN, it is {number.ToString(CultureInfo.InvariantCulture)}", "Correct it, or write NaN if it is missing.");
            values[index] = value;
        });
        return values;
    }

    public void Dispose() => stream.Dispose();

    private int Bounded(int largest)
    {
        long count;
        try
        {
            count = Header.Count;
        }
        catch (OverflowException)
        {
            count = long.MaxValue;
        }

        return count <= largest ? (int)count : throw CaseTable.TooLarge(name, count, largest);
    }

    private delegate void Element(int index, ReadOnlySpan<byte> bytes);

    /// <summary>Hands every element over with its index in C order.</summary>
    private void Each(Element element)
    {
        int item = Header.ItemBytes, count = (int)Header.Count;
        if (item > 0)
        {
            byte[] buffer = new byte[Math.Max(BufferBytes / item, 1) * item];
            var order = new FortranOrder(Header.IsFortran ? Header.Shape : [count]);
            for (int done = 0; done < count;)
            {
                int wanted = Math.Min(buffer.Length / item, count - done);
                int read = stream.ReadAtLeast(buffer.AsSpan(0, wanted * item), wanted * item, throwOnEndOfStream: false);
                if (read < wanted * item) throw MalformedFile.Whole(name, $"{count} elements as the shape {Header.ShapeText} says, it ends after {done + read / item}", "Is it the whole file?");
                for (int i = 0; i < wanted; i++, done++) element(order.Next(), buffer.AsSpan(i * item, item));
            }
        }
        else
        {
            for (int i = 0; i < count; i++) element(i, []); // <U0: empty text only
        }

        if (stream.ReadByte() >= 0) throw MalformedFile.Whole(name, $"no more than the {count} elements of the shape {Header.ShapeText}, there are more bytes", "Write it with numpy.savez.");
    }

    private int[] Indices(int index)
    {
        int[] indices = new int[Header.Shape.Length];
        for (int axis = indices.Length - 1; axis >= 0; axis--) (index, indices[axis]) = Math.DivRem(index, Header.Shape[axis]);
        return indices;
    }

    private double Number(ReadOnlySpan<byte> bytes) => Header.Kind switch
    {
        'f' when bytes.Length == 2 => (double)BinaryPrimitives.ReadHalfLittleEndian(bytes),
        'f' when bytes.Length == 4 => BinaryPrimitives.ReadSingleLittleEndian(bytes),
        'f' => BinaryPrimitives.ReadDoubleLittleEndian(bytes),
        'u' when bytes.Length == 8 => BinaryPrimitives.ReadUInt64LittleEndian(bytes),
        _ => Integer(bytes),
    };

    private long Integer(ReadOnlySpan<byte> bytes) => (bytes.Length, Header.Kind) switch
    {
        (1, 'i') => (sbyte)bytes[0],
        (1, _) => bytes[0],
        (2, 'i') => BinaryPrimitives.ReadInt16LittleEndian(bytes),
        (2, _) => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
        (4, 'i') => BinaryPrimitives.ReadInt32LittleEndian(bytes),
        (4, _) => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
        (_, 'i') => BinaryPrimitives.ReadInt64LittleEndian(bytes),
        _ => BinaryPrimitives.ReadUInt64LittleEndian(bytes) is var u and <= long.MaxValue ? (long)u : throw MalformedFile.Whole(name, $"numbers up to {long.MaxValue}", "Convert it with astype('<i8')."),
    };

    private string Text(ReadOnlySpan<byte> bytes) => (Header.Kind == 'U' ? Encoding.UTF32 : Encoding.UTF8).GetString(bytes).TrimEnd('\0');

    /// <summary>C-order indices of the elements in the order of a Fortran file, the first axis fastest. With one axis both orders are one.</summary>
    private sealed class FortranOrder(int[] shape)
    {
        private readonly int[] at = new int[shape.Length];
        private readonly int[] stride = Strides(shape);
        private int next;

        public int Next()
        {
            int now = next;
            for (int axis = 0; axis < shape.Length; axis++)
            {
                next += stride[axis];
                if (++at[axis] < shape[axis]) break;
                next -= stride[axis] * shape[axis];
                at[axis] = 0;
            }

            return now;
        }

        private static int[] Strides(int[] shape)
        {
            int[] strides = new int[shape.Length];
            for (int axis = shape.Length - 1, stride = 1; axis >= 0; stride *= shape[axis--]) strides[axis] = stride;
            return strides;
        }
    }
}
