namespace Edge.Storage;

/// <summary>Which examples the replay buffer keeps when it is full. The numbers are on disk.</summary>
public enum RetentionKind : byte
{
    /// <summary>Classes as evenly as they come, each a uniform sample: <see cref="Storage.ClassBalancedReservoir"/>.</summary>
    ClassBalanced = 1,

    /// <summary>A uniform sample of everything, as imbalanced as it came: <see cref="Storage.Reservoir"/>.</summary>
    Reservoir = 2,

    /// <summary>The newest of each class: <see cref="ClassRing"/>.</summary>
    Ring = 3,

    /// <summary>Per class the ones whose mean is nearest to the mean of the class: <see cref="Storage.Herding"/>.</summary>
    Herding = 4,

    /// <summary>A share for each stretch of time, and in it for each class: <see cref="SegmentedReservoir"/>.</summary>
    Segmented = 5,
}
