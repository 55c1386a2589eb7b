using Xunit.Sdk;
using Xunit.v3;

// Every test starts processes that use all cores; two at a time would only disturb each other.
[assembly: Parallelization(Mode = ParallelMode.None)]
