"""The metadata of a service as strange as CSDL allows: two namespaces with aliases, the container in a schema of its own
that extends another, inheritance, composite keys, complex types, enumerations, type definitions, singletons, operations,
annotations inside and outside.
"""

STRANGE = b"""<?xml version="1.0" encoding="utf-8"?>
<edmx:Edmx Version="4.01" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">
  <edmx:Reference Uri="https://oasis-tcs.github.io/odata-vocabularies/vocabularies/Org.OData.Core.V1.xml">
    <edmx:Include Namespace="Org.OData.Core.V1" Alias="Core"/>
  </edmx:Reference>
  <edmx:DataServices>
    <Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="Contoso.Model" Alias="M">
      <!-- a remark -->
      <EntityType Name="Party" Abstract="true">
        <Key><PropertyRef Name="Number"/></Key>
        <Property Name="Number" Type="M.PartyNumber" Nullable="false">
          <Annotation Term="Core.Description" String="Number of the party"/>
          <Annotation Term="Core.Immutable"/>
          <Annotation Term="Core.Description" Qualifier="Tablet" String="No."/>
        </Property>
      </EntityType>
      <EntityType Name="Customer" BaseType="M.Party" OpenType="true" HasStream="true">
        <Property Name="Full-Name" Type="Edm.String" MaxLength="80"/>
        <Property Name="Full.Name" Type="Edm.String"/>
        <Property Name="Grade" Type="M.Grade"/>
        <Property Name="Address" Type="Contoso.Model.Address"/>
        <Property Name="Phones" Type="Collection(Edm.String)"/>
        <Property Name="Notes" Type="Edm.String" MaxLength="max"/>
        <Property Name="Credit" Type="Edm.Decimal" Precision="18" Scale="variable"/>
        <Property Name="Limit" Type="M.Money" Scale="4"/>
        <Property Name="Place" Type="Edm.GeographyPoint"/>
        <NavigationProperty Name="Orders" Type="Collection(Contoso.Sales.Order)" Partner="Buyer"/>
        <NavigationProperty Name="Cards" Type="Collection(M.Party)" ContainsTarget="true"/>
      </EntityType>
      <ComplexType Name="Address">
        <Property Name="City" Type="Edm.String"/>
        <NavigationProperty Name="Country" Type="M.Party"/>
      </ComplexType>
      <EnumType Name="Grade" UnderlyingType="Edm.Byte" IsFlags="true"><Member Name="A"/><Member Name="B"/></EnumType>
      <TypeDefinition Name="PartyNumber" UnderlyingType="Edm.String" MaxLength="12"/>
      <TypeDefinition Name="Money" UnderlyingType="Edm.Decimal" Precision="15" Scale="2"/>
      <TypeDefinition Name="Circle" UnderlyingType="M.Circle"/>
      <EntityContainer Name="Basis"><EntitySet Name="Parties" EntityType="M.Customer"/></EntityContainer>
    </Schema>
    <Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="Contoso.Sales" Alias="S">
      <EntityType Name="Order">
        <Key><PropertyRef Name="Number"/></Key>
        <Property Name="Number" Type="Edm.String" Nullable="false" MaxLength="12"/>
        <Property Name="BuyerNumber" Type="Edm.String" MaxLength="12"/>
        <Property Name="PayerNumber" Type="Edm.String" MaxLength="12"/>
        <NavigationProperty Name="Buyer" Type="M.Customer" Nullable="false" Partner="Orders">
          <ReferentialConstraint Property="BuyerNumber" ReferencedProperty="Number"/>
        </NavigationProperty>
        <NavigationProperty Name="Payer" Type="M.Customer">
          <ReferentialConstraint Property="PayerNumber" ReferencedProperty="Number"/>
        </NavigationProperty>
        <NavigationProperty Name="Unconstrained" Type="M.Customer"/>
      </EntityType>
      <EntityType Name="Line">
        <Key><PropertyRef Name="OrderNumber"/><PropertyRef Name="LineNumber"/></Key>
        <Property Name="OrderNumber" Type="Edm.String" Nullable="false" MaxLength="12"/>
        <Property Name="LineNumber" Type="Edm.Int32" Nullable="false"/>
        <NavigationProperty Name="Order" Type="S.Order">
          <ReferentialConstraint Property="OrderNumber" ReferencedProperty="Number"/>
        </NavigationProperty>
      </EntityType>
      <EntityType Name="Delivery">
        <Key><PropertyRef Name="TheNumberOfTheDeliveryInTheSystemOfTheCarrier"/></Key>
        <Property Name="TheNumberOfTheDeliveryInTheSystemOfTheCarrier" Type="Edm.String" MaxLength="9" Nullable="false"/>
        <Property Name="LineOrderNumber" Type="Edm.String" MaxLength="12"/>
        <Property Name="LineLineNumber" Type="Edm.Int32"/>
        <NavigationProperty Name="Line" Type="S.Line">
          <ReferentialConstraint Property="LineOrderNumber" ReferencedProperty="OrderNumber"/>
          <ReferentialConstraint Property="LineLineNumber" ReferencedProperty="LineNumber"/>
        </NavigationProperty>
      </EntityType>
      <EntityType Name="View"><Property Name="A" Type="Edm.Int64"/></EntityType>
      <Function Name="Best" IsBound="true" IsComposable="true">
        <Parameter Name="of" Type="Collection(S.Order)"/><ReturnType Type="S.Order"/>
      </Function>
      <Action Name="Close"><Parameter Name="day" Type="Edm.Date"/></Action>
      <Something Name="New"/>
    </Schema>
    <Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="Contoso.Sales">
      <EntityContainer Name="Container" Extends="M.Basis">
        <EntitySet Name="Orders" EntityType="S.Order">
          <NavigationPropertyBinding Path="Buyer" Target="Contoso.Sales.Container/Parties"/>
          <Annotation Term="Org.OData.Capabilities.V1.SortRestrictions">
            <Record>
              <PropertyValue Property="Sortable" Bool="true"/>
              <PropertyValue Property="NonSortableProperties">
                <Collection><PropertyPath>PayerNumber</PropertyPath></Collection>
              </PropertyValue>
            </Record>
          </Annotation>
        </EntitySet>
        <EntitySet Name="Lines" EntityType="S.Line" IncludeInServiceDocument="false"/>
        <EntitySet Name="Deliveries" EntityType="S.Delivery"/>
        <EntitySet Name="ORDERS" EntityType="S.Order"/>
        <EntitySet Name="Views" EntityType="S.View"/>
        <EntitySet Name="Ghosts" EntityType="S.Ghost"/>
        <Singleton Name="Me" Type="M.Customer"/>
        <ActionImport Name="Close" Action="S.Close"/>
      </EntityContainer>
      <Annotations Target="S.Order/BuyerNumber">
        <Annotation Term="Core.Description"><String>Who buys</String></Annotation>
      </Annotations>
      <Annotations Target="S.Container/Orders"><Annotation Term="Core.Description" String="All orders"/></Annotations>
    </Schema>
  </edmx:DataServices>
</edmx:Edmx>
"""
