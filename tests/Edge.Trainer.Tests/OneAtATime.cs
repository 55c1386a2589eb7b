using Xunit.Sdk;
using Xunit.v3;

// torch has one generator and one tensor count per process; tests that seed the one and count the other run one after another.
[assembly: Parallelization(Mode = ParallelMode.None)]
