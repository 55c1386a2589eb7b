using Edge.Runtime.Inference;
using Microsoft.ML.OnnxRuntime;

namespace Edge.Runtime.Tests.Inference;

/// <summary>Sessions whose batches are shared by threads however small they are: the networks of the tests would not be worth it.</summary>
internal sealed class SharedBatches : SessionMaker
{
    public override ISessionStep Step(InferenceSession session, SessionValues values, string provider, bool isBound) => new CpuStep(session, values, worthAThread: TimeSpan.Zero);
}
