/** Names that the server gives a meaning of its own: metastreams and the types of system records. */

/** Type of a link to another record. */
export const linkType = "$>";
/** Type of a piece of stream metadata. */
export const metadataType = "$metadata";
/** Type of a tombstone. Clients may write events of this type, too: those are none. */
export const streamDeletedType = "$streamDeleted";

/** Content type of everything that is not JSON, as far as the server names one itself. */
export const binaryContentType = "application/octet-stream";

const prefix = "$$";

/** Name of the stream that holds the metadata of this one. */
export const metastreamOf = (streamName: string): string => prefix + streamName;

export const isMetastream = (streamName: string): boolean => streamName.startsWith(prefix);

/** Name of the stream whose metadata this metastream holds. */
export const originalOf = (metastreamName: string): string => metastreamName.slice(prefix.length);
