using System.Diagnostics;
using Edge.Storage;
using Edge.Trainer.Backbones;
using Edge.Trainer.Onnx;
using Edge.Trainer.Rounds;
using Microsoft.ML.OnnxRuntime;
using static TorchSharp.torch;

manual_seed(1);
using var net = new TscilCnn(9);
OnnxAttribute I(string n, long v) => new(n, v);
OnnxAttribute L(string n, params long[] v) => new(n, v);
OnnxValue Affine(ChannelLayerNorm m, OnnxValue y, OnnxScope s) {
  if (m.Weight is null) return y;
  var w = s.Weight("weight", m.Weight.unsqueeze(-1)); var b = s.Weight("bias", m.Bias!.unsqueeze(-1));
  return s.Node("Add", [s.Node("Mul", [y, w], y.Shape), b], y.Shape);
}
var variants = new Dictionary<string, OnnxTranslator<ChannelLayerNorm>?>
{
  ["A transpose+LN"] = null,
  ["B reduce mean/sub/mul"] = (m, x, s) => {
    OnnxDim[] r = [x.Shape[0], 1, x.Shape[2]];
    var mean = s.Node("ReduceMean", [x], r, L("axes", 1), I("keepdims", 1));
    var c = s.Node("Sub", [x, mean], x.Shape);
    var v = s.Node("ReduceMean", [s.Node("Mul", [c, c], x.Shape)], r, L("axes", 1), I("keepdims", 1));
    var sd = s.Node("Sqrt", [s.Node("Add", [v, s.Constant("eps", [(float)m.Epsilon])], r)], r);
    return Affine(m, s.Node("Div", [c, sd], x.Shape), s);
  },
  ["B2 rsqrt mul"] = (m, x, s) => {
    OnnxDim[] r = [x.Shape[0], 1, x.Shape[2]];
    var mean = s.Node("ReduceMean", [x], r, L("axes", 1), I("keepdims", 1));
    var c = s.Node("Sub", [x, mean], x.Shape);
    var v = s.Node("ReduceMean", [s.Node("Mul", [c, c], x.Shape)], r, L("axes", 1), I("keepdims", 1));
    var sd = s.Node("Reciprocal", [s.Node("Sqrt", [s.Node("Add", [v, s.Constant("eps", [(float)m.Epsilon])], r)], r)], r);
    return Affine(m, s.Node("Mul", [c, sd], x.Shape), s);
  },
  ["C matmul means"] = (m, x, s) => {
    OnnxDim[] r = [x.Shape[0], 1, x.Shape[2]];
    var a = new float[m.ChannelCount]; Array.Fill(a, 1f / m.ChannelCount);
    var avg = s.Constant("avg", a, 1, m.ChannelCount);
    var mean = s.Node("MatMul", [avg, x], r);
    var c = s.Node("Sub", [x, mean], x.Shape);
    var v = s.Node("MatMul", [avg, s.Node("Mul", [c, c], x.Shape)], r);
    var sd = s.Node("Reciprocal", [s.Node("Sqrt", [s.Node("Add", [v, s.Constant("eps", [(float)m.Epsilon])], r)], r)], r);
    return Affine(m, s.Node("Mul", [c, sd], x.Shape), s);
  },
  ["none"] = (m, x, s) => x,
};
float[] data = randn(1, 9, 128).data<float>().ToArray();
var sessions = new List<(string, InferenceSession, List<double>)>();
float[]? reference = null;
foreach (var (name, t) in variants) {
  var w = BackboneTranslators.RegisterIn(new OnnxWriter()); if (t != null) w.Register(t);
  var bytes = w.ToBytes(net, ["batch", 9, 128], "m", "0");
  foreach (var level in new[]{GraphOptimizationLevel.ORT_ENABLE_ALL}) {
    var so = new SessionOptions { IntraOpNumThreads = 1, GraphOptimizationLevel = level };
    so.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
    if (args.Contains("profile")) { so.EnableProfiling = true; so.ProfileOutputPathPrefix = "/tmp/prof_" + name[0]; }
    sessions.Add(($"{name} {level}", new InferenceSession(bytes, so), []));
  }
}
using var input = OrtValue.CreateTensorValueFromMemory(data, [1, 9, 128]);
var o = new float[128]; using var output = OrtValue.CreateTensorValueFromMemory(o, [1, 128]);
using var ro = new RunOptions();
for (int round = 0; round < 10; round++)
  foreach (var (n, s, l) in sessions)
    for (int i = 0; i < 300; i++) { long a = Stopwatch.GetTimestamp(); s.Run(ro, ["input"], [input], ["output"], [output]); if (i >= 50) l.Add(Stopwatch.GetElapsedTime(a).TotalMicroseconds); }
foreach (var (n, s, l) in sessions) { l.Sort(); s.Run(ro, ["input"], [input], ["output"], [output]); reference ??= o.ToArray(); Console.WriteLine($"{n,-45} p50 {l[l.Count/2]:f0} us  p99 {l[(int)(l.Count*.99)]:f0}  min {l[0]:f0}  maxdiff {o.Zip(reference,(a,b)=>Math.Abs(a-b)).Max():g2}"); s.Dispose(); }

// export
var opt = new ClassifierGraphOptions { Window = new WindowShape(9, 128, 50), Classes = ["a","b","c","d","e","f"], Temperature = .1 };
byte[] file = [];
for (int i = 0; i < 8; i++) { long a = Stopwatch.GetTimestamp(); file = ClassifierGraph.Write(net, opt); Console.Write($"{Stopwatch.GetElapsedTime(a).TotalMilliseconds:f1} "); }
Console.WriteLine($"ms export; {file.Length} bytes");
for (int i = 0; i < 4; i++) { long a = Stopwatch.GetTimestamp(); using var so = new SessionOptions { IntraOpNumThreads = 1 }; using var s = new InferenceSession(file, so); Console.Write($"{Stopwatch.GetElapsedTime(a).TotalMilliseconds:f1} "); }
Console.WriteLine("ms load");
{
  using var so = new SessionOptions { IntraOpNumThreads = 1 }; so.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
  using var s = new InferenceSession(file, so);
  var protos = new float[6*128]; var bias = new float[6]; 
  using var p = OrtValue.CreateTensorValueFromMemory(protos, [6,128]); using var b = OrtValue.CreateTensorValueFromMemory(bias, [6]);
  var pr = new float[6]; var nov = new float[1]; using var prv = OrtValue.CreateTensorValueFromMemory(pr, [1,6]); using var nv = OrtValue.CreateTensorValueFromMemory(nov, [1]);
  var l = new List<double>(); string[] ins = ["window","prototypes","class_bias"], outs = ["embedding","probability","novelty"];
  OrtValue[] iv=[input,p,b], ov=[output,prv,nv];
  for (int i = 0; i < 3000; i++) { long a = Stopwatch.GetTimestamp(); s.Run(ro, ins, iv, outs, ov); if (i > 500) l.Add(Stopwatch.GetElapsedTime(a).TotalMicroseconds); }
  l.Sort(); Console.WriteLine($"whole graph p50 {l[l.Count/2]:f0} us p99 {l[(int)(l.Count*.99)]:f0}");
}
