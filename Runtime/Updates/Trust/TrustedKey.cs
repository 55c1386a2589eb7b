using System.Security.Cryptography;
using Edge.Runtime.Updates.Envelopes;

namespace Edge.Runtime.Updates.Trust;

/// <summary>A public key that a device believes, and in what.</summary>
/// <param name="Name">For a person.</param>
/// <param name="Algorithm">How it signs; see <see cref="SignatureScheme"/>.</param>
/// <param name="PublicKey">SubjectPublicKeyInfo, DER; base64 in JSON.</param>
/// <param name="Roles">What it may sign; see <see cref="KeyRole"/>.</param>
public sealed record TrustedKey(string Name, string Algorithm, byte[] PublicKey, IReadOnlyList<string> Roles)
{
    /// <summary>What envelopes call it.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public string Id => KeyId.Of(PublicKey);

    /// <summary>A key from its public half as PEM.</summary>
    /// <exception cref="FormatException">It is none of a known algorithm.</exception>
    public static TrustedKey FromPem(string name, string pem, IReadOnlyList<string> roles)
    {
        if (PemEncoding.TryFind(pem, out var found) && pem[found.Label] == "PUBLIC KEY")
        {
            byte[] key = Convert.FromBase64String(pem[found.Base64Data]);
            if (SignatureScheme.All.FirstOrDefault(algorithm => SignatureScheme.IsKey(algorithm, key)) is { } algorithm) return new TrustedKey(name, algorithm, key, roles);
        }

        throw new FormatException($"'{name}' is no public key for {string.Join(" or ", SignatureScheme.All)} in PEM; 'edge config keygen' writes one as NAME.pub.pem");
    }
}

/// <summary>What a key may sign.</summary>
public static class KeyRole
{
    /// <summary>Configuration.</summary>
    public const string Config = "config";

    /// <summary>The list of trusted keys itself.</summary>
    public const string Keys = "keys";

    /// <summary>Snapshots that are offered over the air.</summary>
    public const string Snapshots = "snapshots";

    /// <summary>Every role.</summary>
    public static IReadOnlyList<string> All { get; } = [Config, Keys, Snapshots];

    /// <summary>Roles that a list must have a key for: without it the device could never be told anything again.</summary>
    public static IReadOnlyList<string> Needed { get; } = [Config, Keys];
}
