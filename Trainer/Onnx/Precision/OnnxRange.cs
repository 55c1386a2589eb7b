namespace Edge.Trainer.Onnx.Precision;

/// <summary>The range that a value between two nodes takes, by calibration.</summary>
/// <param name="Min">Smallest value.</param>
/// <param name="Max">Largest value.</param>
public readonly record struct OnnxRange(float Min, float Max)
{
    private const int Levels = 255;

    /// <summary>
    /// Scale S and zero point Z of unsigned 8 bits, r = S (q - Z): S = (max - min) / 255, Z = round(-min / S), the range widened to hold 0 so that 0 is represented exactly, as zero padding needs it (Jacob
    /// et al. 2018, section 2.1; Nagel et al. 2021, A white paper on neural network quantization, section 2.2.1). A range of nothing but 0 has scale 1.
    /// </summary>
    /// <exception cref="ArgumentException">The range is not finite, or its minimum is above its maximum.</exception>
    public (float Scale, byte ZeroPoint) ToUInt8()
    {
        if (!float.IsFinite(Min) || !float.IsFinite(Max) || Min > Max) throw new ArgumentException($"The range {Min} to {Max} is none. Calibrate with finite values.");
        double least = Math.Min(Min, 0), most = Math.Max(Max, 0);
        float scale = (float)((most - least) / Levels);
        return scale > 0 ? (scale, (byte)Math.Clamp(Math.Round(-least / scale), 0, Levels)) : (1, 0);
    }
}
