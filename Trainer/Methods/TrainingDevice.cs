using Edge.Config;
using TorchSharp;
using static TorchSharp.torch;

namespace Edge.Trainer.Methods;

/// <summary>Where a round is computed, and with which numbers, from <see cref="TrainingSection.Device"/> and <see cref="TrainingSection.Precision"/>.</summary>
public static class TrainingDevice
{
    /// <summary>The device that the plan asks for; <c>auto</c> falls back to the CPU.</summary>
    /// <exception cref="InvalidDataException">CUDA is asked for and there is none.</exception>
    public static Device Choose(TrainingSection plan)
    {
        if (plan.Device == "cpu") return CPU;
        if (cuda.is_available()) return CUDA;
        return plan.Device == "auto"
            ? CPU
            : throw new InvalidDataException($"training.device is {plan.Device}, but this machine and its libtorch offer no CUDA device. Set it to auto or cpu, or install the CUDA build of libtorch and the driver.");
    }

    /// <summary>Whether the backbone computes in bfloat16 on a device.</summary>
    public static bool UsesBfloat16(TrainingSection plan, Device device) => plan.Precision == "bfloat16" || (plan.Precision == "auto" && device.type == DeviceType.CUDA);
}
