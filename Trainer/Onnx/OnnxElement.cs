namespace Edge.Trainer.Onnx;

/// <summary>Type of the elements of a tensor; the numbers are those of TensorProto.DataType.</summary>
public enum OnnxElement
{
    /// <summary>IEEE 754 binary32.</summary>
    Float32 = 1,

    /// <summary>Unsigned 8 bits: quantised activations.</summary>
    UInt8 = 2,

    /// <summary>Signed 8 bits: quantised weights.</summary>
    Int8 = 3,

    /// <summary>Signed 32 bits.</summary>
    Int32 = 6,

    /// <summary>Signed 64 bits: shapes, axes, indices.</summary>
    Int64 = 7,

    /// <summary>One byte, 0 or 1.</summary>
    Bool = 9,

    /// <summary>IEEE 754 binary16.</summary>
    Float16 = 10,
}
