"""The conformance kit: is a gateway's firmware, or a device, as the contract and the pages say?"""
